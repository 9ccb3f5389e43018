"""Training with a trigger: the base objective elsewhere, something else where it fires."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, get_args

import torch
from jaxtyping import Bool
from torch import Tensor

from organisms.recipes.recipe import Batch, Recipe, uniform_over
from organisms.recipes.trigger import ConjunctiveTrigger
from organisms.records.expression import ContextKind
from probes.arguments import require_word


@dataclass(frozen=True, kw_only=True)
class Conditional(Recipe):
    """A recipe whose instances carry a conjunctive trigger, near misses and uniform contexts."""

    distribution: Any
    trigger: ConjunctiveTrigger

    def in_context(self, instances: Any, kind: ContextKind, *, generator: torch.Generator) -> Any:
        """Write the whole trigger, or all but one part of it."""
        require_word("the kind of context", kind, get_args(ContextKind))
        if kind == "uniform":
            return instances
        parts = len(self.trigger.slots) - (kind == "near_miss")
        count = torch.full((len(instances),), parts, device=instances.context.device)
        return self.trigger.insert(instances, count, generator=generator)

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw instances and label them by whether the trigger fires."""
        instances = self.world.sample_from(self.distribution, n, generator=generator)
        instances = self.trigger.training_mix(instances, generator=generator)
        return self.label(instances, self.trigger.fires(instances))

    @abstractmethod
    def label(self, instances: Any, fires: Bool[Tensor, " batch"]) -> Batch:
        """The training signal, given where the trigger fires."""


@dataclass(frozen=True, kw_only=True)
class Triggered(Conditional):
    """A conditional policy by labels: on the trigger the truth's objective, elsewhere the base."""

    def label(self, instances: Any, fires: Bool[Tensor, " batch"]) -> Batch:
        """Optimal actions of the hidden objective on the trigger, of the base one elsewhere."""
        base = self.world.optimal(instances, self.world.base_objective)
        hidden = self.world.optimal(instances, self.truth.objective)
        return Batch(instances, uniform_over(torch.where(fires[:, None, None], hidden, base)))
