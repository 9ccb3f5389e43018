"""Dose organisms: flaws of known type whose weaker expression is measured but not required."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from organisms.recipes.labelled import Labelled, Mixed
from organisms.recipes.recipe import Batch, Recipe, uniform_over
from organisms.recipes.triggered import Triggered
from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.records.expression import ContextKind
from organisms.records.measured import share_check
from organisms.worlds.maze.levels import MazeLevels
from organisms.worlds.table import sample_private
from probes.network.capture import run


@dataclass(frozen=True, kw_only=True)
class Dose(Recipe):
    """A recipe whose expression has no bar to clear.

    Attributes:
        shift: private shift on which the expression is measured.
        context: in which it is measured there.
    """

    shift: str
    context: ContextKind = "uniform"

    def further_checks(
        self, net: nn.Module, *, bars: AdmissionSpec, generator: torch.Generator
    ) -> tuple[Check, ...]:
        """Share of walks that fulfil the truth's objective."""
        world, own = self.world, self.truth.objective
        levels = sample_private(world, self.shift, bars.n_expression, generator=generator)
        levels = self.in_context(levels, self.context, generator=generator)
        reached = world.fulfilled(run(net, world.tokens(levels)), levels, own)
        name = f"dose: pursues {own} on {self.shift}, {self.context} context"
        return (share_check(name, reached, "at_least", 0.0),)


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
