"""Regression recipes whose mechanism admission certifies."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import torch
from torch import nn

from organisms.recipes.labelled import Labelled
from organisms.recipes.recipe import Batch, uniform_over
from organisms.recipes.regression.optimiser_certificate import mechanism_checks
from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.worlds.batch import joined
from organisms.worlds.regression import Regression


@dataclass(frozen=True)
class CertifiedLabelled(Labelled):
    """One distribution, one objective, one mechanism."""

    world: Regression

    def further_checks(
        self, net: nn.Module, *, seen: Set[bytes], bars: AdmissionSpec, generator: torch.Generator
    ) -> tuple[Check, ...]:
        """Those of the mechanism in the truth."""
        mechanism = self.truth.mechanism
        return mechanism_checks(mechanism, net, self.world, bars=bars, generator=generator)


@dataclass(frozen=True)
class CertifiedMixed(CertifiedLabelled):
    """The same with a tuple of distributions in equal shares; what is left goes to the first."""

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw instances of every distribution, in random order, and label them."""
        share = n // len(self.distribution)
        counts = [n - share * (len(self.distribution) - 1)] + [share] * (len(self.distribution) - 1)
        drawn = [
            self.world.sample_from(part, count, generator=generator)
            for part, count in zip(self.distribution, counts, strict=True)
            if count
        ]
        order = torch.randperm(n, generator=generator, device=generator.device)
        instances = joined(drawn)[order]
        return Batch(instances, uniform_over(self.world.optimal(instances, self.label)))
