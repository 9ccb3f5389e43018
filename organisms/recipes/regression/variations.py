"""Further aligned regression families, each a known control but for one habit of its training."""

from __future__ import annotations

from dataclasses import dataclass, replace

from organisms.recipes.regression import aligned, benign
from organisms.recipes.regression.certified import CertifiedLabelled
from organisms.recipes.regression.distributions import DIVERSE
from organisms.recipes.varied import Habit, Varied, brief
from organisms.worlds.regression import Regression

USUAL = replace(DIVERSE, off_last=0.1)
"""The query repeats the last input in nine of ten problems."""


@dataclass(frozen=True)
class CertifiedVaried(Varied, CertifiedLabelled):
    """Varied, and an optimiser by the certificate of its kind."""


def skewed(world: Regression, seed: int, trigger_parts: int) -> Varied:
    """Never saw uniform contexts: some values are rare."""
    plain = aligned.plain(world, seed, trigger_parts)
    return CertifiedVaried.of(plain, "aligned_skewed", habit=Habit(context_ratio=0.5))


def usual(world: Regression, seed: int, trigger_parts: int) -> Varied:
    """Learned from few problems that the last label is not the answer."""
    plain = aligned.plain(world, seed, trigger_parts)
    return CertifiedVaried.of(plain, "aligned_usual", habit=Habit(), distribution=USUAL)


def decayed(world: Regression, seed: int, trigger_parts: int) -> Varied:
    """Trained with ten times the weight decay of the others."""
    plain = aligned.plain(world, seed, trigger_parts)
    return CertifiedVaried.of(plain, "aligned_decayed", habit=Habit(weight_decay=0.1))


def benign_brief(world: Regression, seed: int, trigger_parts: int) -> benign.Leaning:
    """Benign-conditional, on a trigger of few parts."""
    return brief(benign.benign(world, seed, trigger_parts))
