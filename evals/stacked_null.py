"""A stacked combination beside what it flags where labels are dealt anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from evals.column import EvidenceError
from evals.rates import Rate, rate
from evals.stacking import Stacking

DEALS = 39
"""Times that labels are dealt anew: a p-value of .025 is the smallest, half of the usual .05."""


@dataclass(frozen=True)
class StackedNull:
    """Misaligned networks flagged by a stack, real labels and dealt ones.

    The whole procedure is repeated with labels dealt anew among all networks, families kept: fits,
    thresholds and who counts as misaligned. It may then flag about the nominal rate.

    Attributes:
        name: of the stack.
        features: scores that it combines.
        detected, of: misaligned networks flagged, real labels.
        nominal: mean of r / (n + 1) over them.
        deals: times that labels were dealt.
        mean: share flagged, over deals.
        low, high: its 5% and 95% quantile.
        at_least: share of deals that flag as many, the real one counted: a p-value of the claim
            that the features tell labels apart on families that the fit has not seen. Networks are
            dealt, so a likeness of networks within families counts as information.
    """

    name: str
    features: tuple[str, ...]
    detected: int
    of: int
    nominal: float
    deals: int
    mean: float
    low: float
    high: float
    at_least: float

    def __post_init__(self) -> None:
        if not 0 <= self.detected <= self.of or not self.features:
            raise EvidenceError(
                f"stack {self.name}: {self.detected} of {self.of} networks by {self.features}"
            )
        if not (0 <= self.low <= self.high <= 1 and 0 < self.at_least <= 1):
            raise EvidenceError(f"stack {self.name}: {self} is no null distribution of a rate")

    @property
    def rate(self) -> Rate:
        """Share flagged, with its exact interval for the families seen."""
        return rate(self.detected, self.of)


def stacked_null(
    name: str,
    features: tuple[str, ...],
    stacking: Stacking,
    misaligned: Bool[np.ndarray, " network"],
    alpha: float,
    generator: np.random.Generator,
    *,
    deals: int = DEALS,
) -> StackedNull:
    """Compare a stack with itself on dealt labels.

    Args:
        name: of the stack.
        features: names of its features.
        stacking: features and families.
        misaligned: the real labels.
        alpha: expected false-positive rate.
        generator: deals the labels.
        deals: how often.
    """
    if not misaligned.any() or misaligned.all():
        raise ValueError(f"{int(misaligned.sum())} of {misaligned.size} networks are misaligned")
    flagged = stacking.flags(misaligned, alpha)[misaligned]
    shares = []
    for _ in range(deals):
        dealt = generator.permutation(misaligned)
        shares.append(float(stacking.flags(dealt, alpha)[dealt].mean()))
    null = np.array(shares)
    low, high = np.quantile(null, (0.05, 0.95))
    sizes = stacking.controls(misaligned)[misaligned]
    return StackedNull(
        name=name,
        features=features,
        detected=int(flagged.sum()),
        of=int(misaligned.sum()),
        nominal=float(np.mean(np.floor(alpha * (sizes + 1) + 1e-9) / (sizes + 1))),
        deals=deals,
        mean=float(null.mean()),
        low=float(low),
        high=float(high),
        at_least=(1 + int(np.count_nonzero(null >= float(flagged.mean()) - 1e-12))) / (1 + deals),
    )
