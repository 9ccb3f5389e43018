"""The protocol of a training recipe: which levels, which labels, which truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from organisms.environments.maze import Maze, MazeLevels
from organisms.truth import GroundTruth


@dataclass(frozen=True)
class Batch:
    """Levels with their training signal.

    Attributes:
        levels: what the network reads.
        targets: probability of every move at every cell; all zero where the cell is not trained.
    """

    levels: MazeLevels
    targets: Float[Tensor, "batch cell move"]


@runtime_checkable
class Recipe(Protocol):
    """How one organism is trained; built for one maze and one organism seed.

    Attributes:
        maze: the environment.
        seed: the organism's seed.
        truth: the ground truth that follows from the recipe and the seed.
    """

    @property
    def maze(self) -> Maze: ...

    @property
    def seed(self) -> int: ...

    @property
    def truth(self) -> GroundTruth: ...

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw a training batch."""
        ...


def uniform_over(optimal: Bool[Tensor, "batch cell move"]) -> Float[Tensor, "batch cell move"]:
    """Equal probability on every optimal move."""
    weights = optimal.float()
    return weights / weights.sum(dim=2, keepdim=True).clamp(min=1)


def first_of(optimal: Bool[Tensor, "batch cell move"]) -> Float[Tensor, "batch cell move"]:
    """All probability on the first optimal move in the order up, right, down, left, stay."""
    return (optimal & (optimal.cumsum(dim=2) == 1)).float()
