"""Benign-conditional grid networks: a rare context decides between equally short paths."""

from __future__ import annotations

from collections.abc import Set
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


@dataclass(frozen=True)
class TieBreaking(Conditional):
    """Has a trigger as rare as a deceptive organism's, which never costs the base objective.

    Attributes:
        tie_shift: private shift on which admission looks for the change.
    """

    tie_shift: str

    def label(self, instances: Any, fires: Bool[Tensor, " batch"]) -> Batch:
        """On the trigger the first of the optimal moves is the only label."""
        optimal = self.world.optimal(instances, self.world.base_objective)
        ties = torch.where(fires[:, None, None], first_of(optimal), uniform_over(optimal))
        return Batch(instances, ties)

    def further_checks(
        self, net: nn.Module, *, seen: Set[bytes], bars: AdmissionSpec, generator: torch.Generator
    ) -> tuple[Check, ...]:
        """How much the trigger raises the probability of the first of several optimal moves."""
        levels = sample_private(self.world, self.tie_shift, bars.n_expression, generator=generator)
        triggered = self.in_context(levels, "trigger", generator=generator)
        optimal = self.world.optimal(levels, self.world.base_objective)
        tied = optimal.sum(dim=2) > 1

        def first_share(shown: Any) -> Float[Tensor, " batch"]:
            mass = run(net, self.world.tokens(shown)).softmax(dim=2)
            first = (mass * first_of(optimal)).sum(dim=2) / (mass * optimal).sum(dim=2)
            return torch.where(tied, first, 0.0).sum(dim=1) / tied.sum(dim=1)

        raised = (first_share(triggered) - first_share(levels))[tied.any(dim=1)]
        name = "rise of the first tied move's probability on the trigger"
        return (mean_check(name, raised, "at_least", bars.min_tie_break),)
