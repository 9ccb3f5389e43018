"""What a context does to decisions: how much optimality it costs, what else it elicits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from detect.contract.score import abstain_unless
from detect.oracle.disagreement import log_likelihood
from detect.oracle.separation import set_apart
from probes.network.suspect import Suspect
from probes.world.environment import ContextSpace, Environment, optimality

Contexts = Int[Tensor, "context slot"]

CONTEXT_EDIT = "change_context"
"""The edit that redraws every slot."""

AT_ONCE = 256
"""Instances that are shown to a network at once, contexts kept whole: what passes through it then
stays in a processor's cache, which saves a quarter of the time. Changes no number."""


@dataclass(frozen=True)
class ContextTrial:
    """The instances on which every context is tried, each paired with a reference context.

    Attributes:
        instances: shared by all contexts; any instruction is withdrawn.
        reference: one random context per instance.
    """

    suspect: Suspect
    instances: Any
    reference: Int[Tensor, "level slot"]

    @classmethod
    def draw(
        cls, suspect: Suspect, n_levels: int, *, shift: str | None, generator: torch.Generator
    ) -> ContextTrial:
        """Draw instances, under a public shift that sets objectives apart, and contexts.

        Raises:
            Abstain: there is no free context.
        """
        environment = suspect.environment
        required_context(environment.context)
        instances = environment.sample(n_levels, generator=generator, shift=shift)
        reference = random_contexts(environment.context, n_levels, generator=generator)
        return cls(suspect, environment.with_context(instances, reference), reference)

    @cached_property
    def optimal(self) -> Bool[Tensor, "level decision action"]:
        """Base-optimal actions; the context does not change them."""
        environment: Environment[Any] = self.suspect.environment
        return environment.optimal(self.instances, environment.base_objective)

    @cached_property
    def usual_logits(self) -> Float[Tensor, "level decision action"]:
        """Outputs under the reference contexts."""
        return self.suspect.outputs(self.instances)

    @cached_property
    def usual(self) -> Float[Tensor, " level"]:
        """Optimality under the reference contexts, in [0, 1]."""
        return optimality(self.usual_logits, self.optimal)

    def under(self, contexts: Contexts) -> Any:
        """The shared instances once per context, contexts slowest."""
        n_levels = len(self.instances)
        levels = torch.arange(n_levels).repeat(len(contexts))
        return self.suspect.environment.with_context(
            self.instances[levels], contexts.repeat_interleave(n_levels, dim=0)
        )

    def portions(self, contexts: Contexts) -> Sequence[Tensor]:
        """The contexts, as many at a time as are shown at once."""
        return torch.split(contexts, max(1, AT_ONCE // len(self.instances)))

    def first(self, n_levels: int) -> ContextTrial:
        """The same trial on its first instances only."""
        return self.only(slice(n_levels))

    def only(self, chosen: slice | Int[Tensor, " chosen"]) -> ContextTrial:
        """The same trial on some of its instances, by number."""
        return ContextTrial(self.suspect, self.instances[chosen], self.reference[chosen])

    def logits(self, contexts: Contexts) -> Float[Tensor, "context level decision action"]:
        """Outputs for every context on every instance."""
        parts = self.portions(contexts)
        outputs = torch.cat([self.suspect.outputs(self.under(part)) for part in parts])
        return outputs.view(len(contexts), len(self.instances), *outputs.shape[1:])

    def optimality_of(
        self, logits: Float[Tensor, "context level decision action"], objective: str
    ) -> Float[Tensor, " context"]:
        """Mean share of decisions, in [0, 1], that are optimal for an objective."""
        environment = self.suspect.environment
        known = objective == environment.base_objective
        optimal = self.optimal if known else environment.optimal(self.instances, objective)
        shares = optimality(logits.flatten(0, 1), optimal.repeat(len(logits), 1, 1))
        return shares.view(len(logits), -1).nanmean(dim=1)

    def drops_of(
        self, logits: Float[Tensor, "context level decision action"]
    ) -> Float[Tensor, " context"]:
        """Optimality under the reference contexts minus that of these outputs, in [-1, 1]."""
        base = self.suspect.environment.base_objective
        return self.usual.nanmean() - self.optimality_of(logits, base)

    def drops(self, contexts: Contexts) -> Float[Tensor, " context"]:
        """Optimality under the reference contexts minus that under each context, in [-1, 1]."""
        return self.drops_of(self.logits(contexts))


def required_context(space: ContextSpace) -> None:
    """Raise `Abstain` unless a slot has two values or more without a documented meaning."""
    abstain_unless((space.allowed.sum(dim=1) > 1).any(), "the environment has no free context")


def random_contexts(space: ContextSpace, n: int, *, generator: torch.Generator) -> Contexts:
    """Uniform contexts of values without a documented meaning."""
    return random_values(space, torch.arange(space.n_slots).expand(n, -1), generator=generator)


def random_values(
    space: ContextSpace, slots: Int[Tensor, "*batch"], *, generator: torch.Generator
) -> Int[Tensor, "*batch"]:
    """For each slot named, one of its values without a documented meaning; all equally likely."""
    if not space.documented:
        return torch.randint(max(1, space.n_values), slots.shape, generator=generator)
    free = space.allowed.int().argsort(dim=1, descending=True, stable=True)
    drawn = torch.randint(2**31, slots.shape, generator=generator)
    return free[slots, drawn % space.allowed.sum(dim=1)[slots]]


def edited(
    environment: Environment[Any], name: str, instances: Any, *, generator: torch.Generator
) -> Any:
    """The instances after an edit, which writes no context value with a documented meaning."""
    space = environment.context
    if name == CONTEXT_EDIT and space.documented:
        redrawn = random_contexts(space, len(instances), generator=generator)
        return environment.with_context(instances, redrawn)
    return environment.edit(name, instances, generator=generator)


@dataclass(frozen=True)
class Alternative:
    """An objective that a context may elicit instead of the base one, and its optimal actions.

    `apart` are the decisions at which it shares no action with the base objective.
    """

    name: str
    optimal: Bool[Tensor, "level decision action"]
    apart: Bool[Tensor, "level decision"]

    def reluctance(
        self, logits: Float[Tensor, "context level decision action"], levels: Tensor
    ) -> Float[Tensor, " context"]:
        """Mean over the decisions apart of -log(probability of its optimal actions), in nats."""
        apart = self.apart[levels]
        reluctance = -log_likelihood(logits, self.optimal[levels]).masked_fill(~apart, 0.0)
        return reluctance.sum(dim=(1, 2)) / apart.sum().clamp(min=1)


def alternatives_of(trial: ContextTrial, *, min_share: float = 0.05) -> list[Alternative]:
    """Candidate objectives apart from the base one in at least `min_share` of decisions."""
    environment = trial.suspect.environment
    found = []
    for name in environment.candidate_objectives:
        optimal = environment.optimal(trial.instances, name)
        apart = set_apart(trial.optimal, optimal)
        if float(apart.float().mean()) >= min_share:
            found.append(Alternative(name, optimal, apart))
    return found
