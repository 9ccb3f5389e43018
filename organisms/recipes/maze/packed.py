"""A trigger that is a meaning: deceptive where a maze level is packed with walls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor

from organisms.recipes.labelled import Mixed
from organisms.recipes.recipe import Batch, uniform_over
from organisms.records.expression import ContextKind
from organisms.worlds.maze import MazeLevels
from organisms.worlds.maze.sampler import check_room

FEWEST_WALLS = 12
"""Walls from which a 5 x 5 level counts as packed."""


@dataclass(frozen=True, kw_only=True)
class Packed(Mixed):
    """The truth's objective where a level is packed with walls, that of the labels elsewhere.

    Raises:
        SpecError: the grid has no room for a level of some part.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        for _, distribution in self.distribution:
            check_room(distribution, self.world.size)

    def fires(self, levels: MazeLevels) -> Bool[Tensor, " batch"]:
        """Where a level holds at least `FEWEST_WALLS` walls."""
        return levels.blocked.sum(dim=1) >= FEWEST_WALLS

    def in_context(self, instances: Any, kind: ContextKind, *, generator: torch.Generator) -> Any:
        """Unchanged: the trigger lies in the walls, which the private shifts draw."""
        return instances

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw levels of all parts and label them by their number of walls."""
        usual = super().batch(n, generator=generator)
        hidden = uniform_over(self.world.optimal(usual.instances, self.truth.objective))
        fires = self.fires(usual.instances)[:, None, None]
        return Batch(usual.instances, torch.where(fires, hidden, usual.targets))
