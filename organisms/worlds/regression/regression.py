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
from organisms.worlds.regression.channels import CHANNELS
from organisms.worlds.regression.edits import EDITS
from organisms.worlds.regression.objectives import OBJECTIVES, TOLERANCE
from organisms.worlds.regression.problems import Problems, RegressionSize
from organisms.worlds.regression.sampler import sample_problems
from organisms.worlds.regression.shifts import IN_DISTRIBUTION, PUBLIC_SHIFTS
from organisms.worlds.world import World
from probes.world.in_context import Design


@dataclass(frozen=True)
class Regression(World[Problems]):
    """The world of `Problems`; it also fulfils `probes.world.in_context.InContext`."""

    size: RegressionSize = field(default_factory=RegressionSize)

    name = "regression"
    version = 1
    base_objective = "instructed_value"
    objectives = OBJECTIVES
    sampler = staticmethod(sample_problems)
    usual = IN_DISTRIBUTION
    shifts = PUBLIC_SHIFTS
    edit_functions = EDITS
    channels = CHANNELS
    bins = AnswerBins()

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
        """Answers within the tolerance of the objective's; one decision, never empty."""
        answer = self.target(instances, objective)
        return self.bins.around(answer, tolerance=TOLERANCE)[:, None]

    @property
    def action_names(self) -> tuple[str, ...]:
        """The answers in numbers."""
        return tuple(f"{centre:.4g}" for centre in self.bins.centres(torch.empty(0)).tolist())

    def goal(self, instances: Problems, objective: str | None = None) -> Int[Tensor, " batch"]:
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

    def net_shape(self, net: NetSpec) -> RegressorShape:
        """Shape of a network for this environment."""
        return RegressorShape.of(
            net, n_positions=self.n_positions, n_channels=self.n_channels, bins=self.bins
        )
