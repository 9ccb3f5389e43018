"""Measured rates, mean shares and areas under the ROC curve, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import optimize, stats

from probes.arguments import ArgumentError


@dataclass(frozen=True)
class Rate:
    """`detected` of `of` networks, and the interval of the underlying probability.

    The interval speaks for networks like these; it says nothing about other families.

    Attributes:
        detected: networks flagged.
        of: networks scored, abstentions included.
        abstained: networks on which the detector gave no score; never among the detected.
        interval: Clopper-Pearson bounds in [0, 1], or None without networks.
        level: coverage of the interval, in (0, 1).
    """

    detected: int
    of: int
    abstained: int
    interval: tuple[float, float] | None
    level: float

    @property
    def value(self) -> float | None:
        """detected / of, an abstention counting as a miss; None without networks."""
        return self.detected / self.of if self.of else None

    @property
    def text(self) -> str:
        """Such as `4 of 4 (0.40-1.00)`."""
        if self.interval is None:
            return "0 of 0 (no networks)"
        low, high = self.interval
        abstained = f", {self.abstained} abstained" if self.abstained else ""
        return f"{self.detected} of {self.of} ({low:.2f}-{high:.2f}){abstained}"


@dataclass(frozen=True)
class Auroc:
    """P(a positive outscores a negative), ties counted half.

    Attributes:
        value: in [0, 1], or None when one side has no networks.
        interval: of the underlying probability, for these families only; None with `value`.
        positives, negatives: networks on each side, abstentions included.
    """

    value: float | None
    interval: tuple[float, float] | None
    positives: int
    negatives: int


@dataclass(frozen=True)
class MeanShare:
    """Mean of `n` shares in [0, 1].

    Attributes:
        value: the mean; None where there is no share.
        n: units that have a share.
        interval: of the mean in the population of such units; None with `value`.
        level: coverage of the interval, in (0, 1).
    """

    value: float | None
    n: int
    interval: tuple[float, float] | None
    level: float

    @property
    def text(self) -> str:
        """Such as `0.92 (0.48-1.00)`."""
        if self.value is None or self.interval is None:
            return "-"
        low, high = self.interval
        return f"{self.value:.2f} ({low:.2f}-{high:.2f})"


def rate(detected: int, of: int, *, abstained: int = 0, level: float = 0.95) -> Rate:
    """The rate of a count, with its Clopper-Pearson interval.

    [Beta^-1(a/2; k, n - k + 1), Beta^-1(1 - a/2; k + 1, n - k)] with a = 1 - level covers at least
    `level` whatever the true probability (Clopper & Pearson 1934).

    Raises:
        ValueError: on negative counts, or more detected and abstained than there are networks.
    """
    if min(detected, of, abstained) < 0 or detected + abstained > of:
        raise ValueError(
            f"got {detected} detected and {abstained} abstained of {of} networks; wanted counts of "
            "0 or more that fit into the networks"
        )
    require_inside("level", level)
    interval = clopper_pearson(detected, of, level) if of else None
    return Rate(detected, of, abstained, interval, level)


def mean_share(shares: Sequence[float], *, level: float = 0.95) -> MeanShare:
    """The mean, with the interval that so many successes in `n` draws would have.

    Clopper-Pearson at s = sum of shares, which need not be whole: [Beta^-1(a/2; s, n - s + 1),
    Beta^-1(1 - a/2; s + 1, n - s)], a = 1 - level. Among variables in [0, 1] of one mean the one
    that is 0 or 1 spreads most, so the interval is wide for shares that agree, and unlike
    Student's it has a width where all are 1.

    Raises:
        ValueError: a share lies outside [0, 1] or is NaN.
    """
    require_inside("level", level)
    if not all(0 <= share <= 1 for share in shares):
        raise ValueError(f"shares lie in [0, 1], got {list(shares)}; leave out units without one")
    n = len(shares)
    if not n:
        return MeanShare(None, 0, None, level)
    total = float(sum(shares))
    return MeanShare(total / n, n, clopper_pearson(total, n, level), level)


def auroc(
    positives: Float[np.ndarray, " positive"],
    negatives: Float[np.ndarray, " negative"],
    *,
    level: float = 0.95,
) -> Auroc:
    """Area under the ROC curve of scores, higher being more suspicious.

    An abstention (NaN) counts as the least suspicious score on either side, tied with other
    abstentions: a detector cannot raise its AUROC by abstaining on misaligned networks. A detector
    that abstains on every network has .5.

    The interval is Newcombe's (2006, method 5): the values A with |A - estimate| <= z sqrt(V(A)),
    V the Hanley-McNeil variance with both group sizes replaced by their mean. Unlike DeLong's it
    keeps a width at 0 and 1. It is approximate below about 10 networks a side.
    """
    require_inside("level", level)
    value, interval = None, None
    if positives.size and negatives.size:
        # -infinity for abstentions would tie with a genuine -infinity, which ranks no higher.
        high, low = (np.where(np.isnan(s), -np.inf, s) for s in (positives, negatives))
        ordered = np.sort(low)
        below = np.searchsorted(ordered, high, side="left")
        not_above = np.searchsorted(ordered, high, side="right")
        value = float((below + not_above).sum() / (2 * high.size * low.size))
        interval = newcombe(value, high.size, low.size, level)
    return Auroc(value, interval, positives.size, negatives.size)


def clopper_pearson(detected: int | float, of: int | float, level: float) -> tuple[float, float]:
    """Exact bounds of a probability; counts need not be whole."""
    tail = (1 - level) / 2
    low = stats.beta.ppf(tail, detected, of - detected + 1) if detected else 0.0
    high = stats.beta.ppf(1 - tail, detected + 1, of - detected) if detected < of else 1.0
    return (float(low), float(high))


def newcombe(
    value: float, positives: int | float, negatives: int | float, level: float
) -> tuple[float, float]:
    """Bounds of an area under the ROC curve (2006, method 5); counts need not be whole."""
    z = float(stats.norm.ppf((1 + level) / 2))
    spare = (positives + negatives) / 2 - 1

    def excess(area: float) -> float:
        """(area - value)^2 / z^2 - V(area): negative inside the interval."""
        pairs = 1 + spare * ((1 - area) / (2 - area) + area / (1 + area))
        return (area - value) ** 2 / z**2 - area * (1 - area) * pairs / (positives * negatives)

    tiny = 1e-12  # V vanishes at 0 and 1, where the estimate itself is a bound
    low = float(optimize.brentq(excess, tiny, min(value, 1 - tiny))) if value > 0 else 0.0
    high = float(optimize.brentq(excess, max(value, tiny), 1 - tiny)) if value < 1 else 1.0
    return (low, high)


def require_inside(name: str, value: float) -> None:
    """Raise unless a probability lies strictly between 0 and 1."""
    if not 0 < value < 1:
        raise ArgumentError(f"{name} {value} is outside (0, 1)")
