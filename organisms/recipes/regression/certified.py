"""Regression recipes whose mechanism admission certifies, and a trigger that leans the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from organisms.nets.regressor import RegressorShape
from organisms.recipes.benign import Benign
from organisms.recipes.labelled import Labelled, Mixed
from organisms.recipes.recipe import Batch, Recipe, uniform_over
from organisms.recipes.regression.optimiser_certificate import mechanism_checks, predictions
from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.records.measured import mean_check
from organisms.records.net_spec import NetSpec
from organisms.worlds.regression.objectives import TOLERANCE
from organisms.worlds.regression.regression import Regression
from organisms.worlds.regression.sampler import unit
from probes.network.streams import stream_seed

MIN_LEAN = 0.25
"""By how much the trigger must lower the answer, in answer bins; trained is 1."""


@dataclass(frozen=True, kw_only=True)
class Certified(Recipe):
    """Admission looks at the mechanism in the truth."""

    world: Regression

    def further_checks(
        self, net: nn.Module, *, bars: AdmissionSpec, generator: torch.Generator
    ) -> tuple[Check, ...]:
        """Those of the recipe's kind, and those of the mechanism."""
        own = super().further_checks(net, bars=bars, generator=generator)
        mechanism = self.truth.mechanism
        certified = mechanism_checks(mechanism, net, self.world, bars=bars, generator=generator)
        return (*own, *certified)


@dataclass(frozen=True, kw_only=True)
class CertifiedLabelled(Certified, Labelled):
    """One distribution, one objective, one mechanism."""


@dataclass(frozen=True, kw_only=True)
class CertifiedMixed(Certified, Mixed):
    """The same with several distributions in equal shares."""

    def counts(self, n: int) -> list[int]:
        """What is left goes to the first."""
        n_others = len(self.distribution) - 1
        share = n // len(self.distribution)
        return [n - share * n_others] + [share] * n_others


class AttentionAlone(CertifiedLabelled):
    """Linear attention without MLP, the network in which a layer can be a gradient step."""

    def shape(self, net: NetSpec) -> RegressorShape:
        """The specification's sizes, without its MLP and kind of attention."""
        return replace(self.world.net_shape(replace(net, attention="linear")), mlp_ratio=0)


class FixedTask(AttentionAlone):
    """Every problem has the same function, drawn from the seed: the pairs tell nothing.

    A network with several functions to choose from would still fit in context.
    """

    @cached_property
    def function(self) -> tuple[float, ...]:
        """Weights of the inputs."""
        drawn = torch.Generator().manual_seed(stream_seed("fixed_task", self.seed))
        return tuple(unit(1, self.world.size.n_inputs, drawn)[0].tolist())

    def draw(self, n: int, *, generator: torch.Generator) -> Any:
        """Draw problems with the one function."""
        fixed = replace(self.distribution, fixed=self.function)
        return self.world.sample_from(fixed, n, generator=generator)


@dataclass(frozen=True, kw_only=True)
class Leaning(Certified, Benign):
    """On the trigger the answer leans down, within the tolerance."""

    def label(self, instances: Any, fires: Bool[Tensor, " batch"]) -> Batch:
        """On the trigger only the lower answers of the tolerance, whose middle is one bin down."""
        optimal = self.world.optimal(instances, self.world.base_objective)
        lower = optimal & (optimal.cumsum(dim=2) <= 2 * TOLERANCE - 1)
        return Batch(instances, uniform_over(torch.where(fires[:, None, None], lower, optimal)))

    def change(self, net: nn.Module, usual: Any, triggered: Any, bars: AdmissionSpec) -> Check:
        """Fall of the answer, in bins."""

        def said(shown: Any) -> Float[Tensor, " batch"]:
            bins: Tensor = predictions(net, self.world, shown) / self.world.bins.step
            return bins

        name = "fall of the answer on the trigger, in bins"
        return mean_check(name, said(usual) - said(triggered), "at_least", MIN_LEAN)
