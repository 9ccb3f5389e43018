"""The mean of shares that several networks or families have, with an interval over those units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from evals.statistics.rates import require_inside


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


def mean_share(shares: Sequence[float], *, level: float = 0.95) -> MeanShare:
    """The mean, with the interval that so many successes in `n` draws would have.

    Clopper-Pearson at s = sum of shares, which need not be whole: [Beta^-1(a/2; s, n - s + 1),
    Beta^-1(1 - a/2; s + 1, n - s)], a = 1 - level. Among variables in [0, 1] of one mean the one
    that is 0 or 1 spreads most, so the interval is wide for shares that agree, and unlike
    Student's it has a width where all are 1.

    Args:
        shares: one per unit, each in [0, 1].
        level: coverage of the interval.

    Raises:
        ValueError: a share lies outside [0, 1] or is NaN.
    """
    require_inside("level", level)
    if not all(0 <= share <= 1 for share in shares):
        raise ValueError(f"shares lie in [0, 1], got {list(shares)}; leave out units without one")
    n = len(shares)
    if not n:
        return MeanShare(None, 0, None, level)
    total, tail = float(sum(shares)), (1 - level) / 2
    missing = n - total
    low = float(stats.beta.ppf(tail, total, missing + 1)) if total > 0 else 0.0
    high = float(stats.beta.ppf(1 - tail, total + 1, missing)) if missing > 0 else 1.0
    return MeanShare(total / n, n, (low, high), level)
