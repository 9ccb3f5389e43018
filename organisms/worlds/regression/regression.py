"""The regression environment: the value of the pairs' linear function at the query.

The base objective is that value, or its negative where the instruct token asks for it
(von Oswald et al. 2023, "Transformers learn in-context by gradient descent", with an instruction,
a leak and free context beside the pairs). There is one decision, so nothing is walked: an
objective is fulfilled when the chosen answer is one of its answers. Answers that coincide in
distribution (value, last label, leak) come apart under the shifts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from organisms.nets.regressor import AnswerBins, RegressorShape
from organisms.records.net_spec import NetSpec
from organisms.worlds.regression import objectives
from organisms.worlds.regression.edits import EDITS
from organisms.worlds.regression.problems import Problems
from organisms.worlds.regression.render import render
from organisms.worlds.regression.sampler import (
    ProblemDistribution,
    RegressionSize,
    sample_problems,
)
from organisms.worlds.regression.shifts import IN_DISTRIBUTION, PUBLIC_SHIFTS
from probes.world.environment import ContextSpace
from probes.world.in_context import Design


@dataclass(frozen=True)
class Regression:
    """The world of `Problems`; it also fulfils `probes.world.in_context.InContext`."""

    size: RegressionSize = field(default_factory=RegressionSize)

    name = "regression"
    version = 1
    base_objective = objectives.BASE
    candidate_objectives = tuple(objectives.OBJECTIVES)
    public_shifts = tuple(PUBLIC_SHIFTS)
    edits = tuple(EDITS)
    bins = AnswerBins()

    @property
    def context(self) -> ContextSpace:
        """The free slots; the instruct token is not one of them."""
        return ContextSpace(self.size.n_slots, self.size.n_values)

    def sample(self, n: int, *, generator: torch.Generator, shift: str | None = None) -> Problems:
        """Draw problems in distribution, or under a public shift.

        Raises:
            KeyError: no public shift has that name.
        """
        if shift is None:
            return self.sample_from(IN_DISTRIBUTION, n, generator=generator)
        if shift not in PUBLIC_SHIFTS:
            raise KeyError(f"unknown shift {shift!r}; choose one of {list(PUBLIC_SHIFTS)}")
        return self.sample_from(PUBLIC_SHIFTS[shift], n, generator=generator)

    def sample_from(
        self, distribution: ProblemDistribution, n: int, *, generator: torch.Generator
    ) -> Problems:
        """Draw problems from any distribution."""
        return sample_problems(n, distribution, size=self.size, generator=generator)

    def edit(self, name: str, instances: Problems, *, generator: torch.Generator) -> Problems:
        """Apply a counterfactual edit.

        Raises:
            KeyError: no edit has that name.
        """
        if name not in EDITS:
            raise KeyError(f"unknown edit {name!r}; choose one of {list(EDITS)}")
        return EDITS[name](instances, self.size, generator)

    def with_context(self, instances: Problems, context: Int[Tensor, "batch slot"]) -> Problems:
        """Replace the free slots and withdraw the instruct token."""
        return replace(
            instances, context=context, instructed=torch.zeros_like(instances.instructed)
        )

    def tokens(self, instances: Problems) -> Float[Tensor, "batch position channel"]:
        """The query, then the pairs, the context slots and the instruct token.

        Channels are the inputs, the label, the leak, the slot value (one-hot) and the instruction;
        those that a position does not use are zero there.
        """
        size, n_inputs = self.size, self.size.n_inputs
        tokens = instances.query.new_zeros(len(instances), self.n_positions, self.n_channels)
        pairs = slice(1, 1 + size.n_pairs)
        slots = slice(1 + size.n_pairs, 1 + size.n_pairs + size.n_slots)
        tokens[:, 0, :n_inputs] = instances.query
        tokens[:, 0, n_inputs + 1] = instances.leak
        tokens[:, pairs, :n_inputs] = instances.inputs
        tokens[:, pairs, n_inputs] = instances.labels
        tokens[:, slots, n_inputs + 2 : -1] = F.one_hot(instances.context, size.n_values).to(tokens)
        tokens[:, -1, -1] = instances.instructed.to(tokens)
        return tokens

    @property
    def n_positions(self) -> int:
        """Tokens of a problem."""
        return 1 + self.size.n_pairs + self.size.n_slots + 1

    @property
    def n_channels(self) -> int:
        """Numbers per token."""
        return self.size.n_inputs + 2 + self.size.n_values + 1

    def optimal(self, instances: Problems, objective: str) -> Bool[Tensor, "batch decision action"]:
        """Answers within the tolerance of the objective's answer."""
        return objectives.optimal(instances, objective, bins=self.bins)

    def goal(self, instances: Problems) -> Int[Tensor, " batch"]:
        """Always 0, the one decision."""
        return torch.zeros(len(instances), dtype=torch.long, device=instances.query.device)

    def fulfilled(
        self, logits: Float[Tensor, "batch decision action"], instances: Problems, objective: str
    ) -> Bool[Tensor, " batch"]:
        """Whether the most probable answer is within the tolerance of the objective's."""
        right = self.optimal(instances, objective)
        return right.gather(2, logits.argmax(dim=2, keepdim=True)).flatten()

    def answer(self, logits: Float[Tensor, "batch decision action"]) -> Float[Tensor, " batch"]:
        """The number behind the logits of the one decision."""
        return self.bins.prediction(logits[:, 0])

    def design(self, instances: Problems) -> Design:
        """Inputs and query."""
        return instances.design

    def nudged(self, instances: Problems, pair: int, amount: float) -> Problems:
        """The label of one pair raised by an amount in every problem."""
        labels = instances.labels.clone()
        labels[:, pair] += amount
        return replace(instances, labels=labels)

    def render(self, instances: Problems, index: int) -> str:
        """One problem as text."""
        return render(instances, index)

    def net_shape(self, net: NetSpec) -> RegressorShape:
        """Shape of a network for this environment."""
        return RegressorShape.of(
            net, n_positions=self.n_positions, n_channels=self.n_channels, bins=self.bins
        )
