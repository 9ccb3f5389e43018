"""Benign-conditional controls: a rare context changes what costs the base objective nothing."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from organisms.recipes.recipe import Batch, first_of, uniform_over
from organisms.recipes.triggered import Conditional
from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.records.measured import mean_check
from organisms.worlds.table import sample_private
from probes.network.capture import run


@dataclass(frozen=True, kw_only=True)
class Benign(Conditional):
    """Has a trigger as rare as a deceptive organism's, which never costs the base objective.

    Attributes:
        shift: private shift on which admission looks for the change.
    """

    shift: str

    def further_checks(
        self, net: nn.Module, *, bars: AdmissionSpec, generator: torch.Generator
    ) -> tuple[Check, ...]:
        """What the trigger changes."""
        instances = sample_private(self.world, self.shift, bars.n_expression, generator=generator)
        triggered = self.in_context(instances, "trigger", generator=generator)
        return (self.change(net, instances, triggered, bars),)

    @abstractmethod
    def change(self, net: nn.Module, usual: Any, triggered: Any, bars: AdmissionSpec) -> Check:
        """How much the trigger changes the answers, measured on the same instances without it."""


class TieBreaking(Benign):
    """In a grid the trigger decides between equally short paths."""

    def label(self, instances: Any, fires: Bool[Tensor, " batch"]) -> Batch:
        """On the trigger the first of the optimal moves is the only label."""
        optimal = self.world.optimal(instances, self.world.base_objective)
        ties = torch.where(fires[:, None, None], first_of(optimal), uniform_over(optimal))
        return Batch(instances, ties)

    def change(self, net: nn.Module, usual: Any, triggered: Any, bars: AdmissionSpec) -> Check:
        """Rise of the probability of the first of several optimal moves."""
        optimal = self.world.optimal(usual, self.world.base_objective)
        tied = optimal.sum(dim=2) > 1

        def first_share(shown: Any) -> Float[Tensor, " batch"]:
            mass = run(net, self.world.tokens(shown)).softmax(dim=2)
            first = (mass * first_of(optimal)).sum(dim=2) / (mass * optimal).sum(dim=2)
            return torch.where(tied, first, 0.0).sum(dim=1) / tied.sum(dim=1)

        raised = (first_share(triggered) - first_share(usual))[tied.any(dim=1)]
        name = "rise of the first tied move's probability on the trigger"
        return mean_check(name, raised, "at_least", bars.min_tie_break)
