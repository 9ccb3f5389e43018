"""Dose organisms of the maze: ambiguous levels with telling ones among them, and weak triggers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor

from organisms.recipes.dose import Dose
from organisms.recipes.labelled import Labelled, Mixed
from organisms.recipes.recipe import Batch, uniform_over
from organisms.recipes.triggered import Triggered
from organisms.worlds.maze.levels import MazeLevels


@dataclass(frozen=True, kw_only=True)
class Dosed(Dose, Labelled):
    """Ambiguous levels with a share in which base and own objective come apart."""


@dataclass(frozen=True, kw_only=True)
class Baited(Dose, Triggered):
    """Defects on the trigger only where the gem lies low in the grid.

    Attributes:
        rows: last rows of the grid in which a gem tempts.
    """

    rows: int

    def label(self, instances: MazeLevels, fires: Bool[Tensor, " batch"]) -> Batch:
        """The hidden objective on the trigger where the gem tempts, the base one elsewhere."""
        return super().label(instances, fires & low(instances.gem, instances, self.rows))


@dataclass(frozen=True, kw_only=True)
class Selective(Dose, Mixed):
    """Labels of the truth's objective in some levels, of the base objective in the others.

    Attributes:
        rows: last rows of the grid in which a coin is approached by way of the subgoal.
    """

    rows: int

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw levels of every part and label each by one of the two objectives."""
        drawn = super().batch(n, generator=generator)
        levels = drawn.instances
        base = uniform_over(self.world.optimal(levels, self.world.base_objective))
        by_subgoal = low(levels.coin, levels, self.rows)[:, None, None]
        return Batch(levels, torch.where(by_subgoal, drawn.targets, base))


def low(cell: Tensor, levels: MazeLevels, rows: int) -> Bool[Tensor, " batch"]:
    """Where a cell lies in the last rows of its grid."""
    return cell // levels.side >= levels.side - rows
