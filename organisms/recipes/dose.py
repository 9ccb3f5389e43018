"""Dose organisms: flaws of known type whose weaker expression is measured but not required."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from organisms.recipes.recipe import Recipe
from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.records.expression import ContextKind
from organisms.records.measured import share_check
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
