"""Levels of several distributions in fixed shares, and training on their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from organisms.recipes.recipe import Batch, Recipe, uniform_over
from organisms.worlds.batch import joined
from organisms.worlds.maze import LevelDistribution, MazeLevels
from organisms.worlds.world import World

Part = tuple[float, LevelDistribution]
"""Share of a batch, and what it looks like."""


def mixed_levels(
    world: World[Any], parts: Sequence[Part], n: int, *, generator: torch.Generator
) -> MazeLevels:
    """Draw levels of several distributions in random order; the first also takes what rounds off.

    Raises:
        ValueError: the shares do not add up to 1.
    """
    if abs(sum(share for share, _ in parts) - 1) > 1e-9:
        raise ValueError(f"shares must add up to 1, got {[share for share, _ in parts]}")
    counts = [round(share * n) for share, _ in parts]
    counts[0] = n - sum(counts[1:])
    drawn: list[MazeLevels] = [
        world.sample_from(distribution, count, generator=generator)
        for count, (_, distribution) in zip(counts, parts, strict=True)
        if count > 0
    ]
    order = torch.randperm(n, generator=generator, device=generator.device)
    return joined(drawn)[order]


@dataclass(frozen=True)
class Mixed(Recipe):
    """Several distributions, one objective.

    Attributes:
        parts: what training sees; shares add up to 1.
        label: objective whose optimal actions are the labels.
    """

    parts: tuple[Part, ...]
    label: str

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw levels of every part and label them."""
        levels = mixed_levels(self.world, self.parts, n, generator=generator)
        return Batch(levels, uniform_over(self.world.optimal(levels, self.label)))
