"""Areas and shares of cases that come in groups, with intervals that allow for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import stats

from evals.statistics.rates import clopper_pearson, newcombe


@dataclass(frozen=True)
class Grouped:
    """A number, and what it was measured on.

    Attributes:
        value: an area, a share or a difference of areas.
        low, high: interval of the number in the population of such groups.
        n: cases.
        groups: that the cases come from.
    """

    value: float
    low: float
    high: float
    n: int
    groups: int

    @property
    def text(self) -> str:
        """Such as `.93 (.90-.96)`."""
        return f"{short(self.value)} ({short(self.low)}-{short(self.high)})"


def short(value: float) -> str:
    """Such as `.93`, `1.00` or `-.02`."""
    return f"{round(value, 2) + 0.0:.2f}".replace("0.", ".", 1)  # no minus before nothing


@dataclass(frozen=True)
class Cases:
    """Who was judged, in which fold, and which cases belong together.

    Attributes:
        positive: whether a case is of the class that is to score high.
        fold: cases are compared with those of their own fold alone, as every fold has a probe of
            its own, whose scores lie on a scale of their own (LeDell, Petersen and van der Laan
            2015).
        group: cases of one group are no independent evidence.
    """

    positive: Bool[np.ndarray, " case"]
    fold: Int[np.ndarray, " case"]
    group: Int[np.ndarray, " case"]

    @property
    def n_groups(self) -> int:
        """How many groups there are."""
        return len(np.unique(self.group))

    def among(self, kept: Bool[np.ndarray, " case"]) -> Cases:
        """Some of the cases."""
        return Cases(self.positive[kept], self.fold[kept], self.group[kept])

    def spread(self, pulls: Float[np.ndarray, " case"], *, level: float) -> tuple[float, float]:
        """Standard error of a sum of pulls over groups, and Student's factor for the interval."""
        totals = np.bincount(np.unique(self.group, return_inverse=True)[1], weights=pulls)
        count = len(totals)
        variance = count / max(count - 1, 1) * float((totals**2).sum())
        return float(np.sqrt(variance)), float(stats.t.ppf((1 + level) / 2, max(count - 1, 1)))


def fold_aurocs(
    scores: Float[np.ndarray, "case column"],
    positive: Bool[np.ndarray, "case column"],
    fold: Int[np.ndarray, " case"],
) -> Float[np.ndarray, " column"]:
    """P(a positive outscores a negative of its fold), ties counted half; NaN without a pair."""
    wins, pairs = np.zeros(scores.shape[1]), np.zeros(scores.shape[1])
    for number in np.unique(fold):
        inside = fold == number
        high = positive[inside]
        ranks = stats.rankdata(scores[inside], axis=0)
        count = high.sum(axis=0)
        wins += (ranks * high).sum(axis=0) - count * (count + 1) / 2
        pairs += count * (len(high) - count)
    with np.errstate(invalid="ignore"):
        return np.asarray(wins / pairs)


def grouped_auroc(
    scores: Float[np.ndarray, " case"], cases: Cases, *, level: float = 0.95
) -> Grouped:
    """Area under the ROC curve within folds, with an interval that allows for groups.

    The variance of the area, summed over groups (Obuchowski 1997), over the one for independent
    cases (DeLong et al. 1988) says by how much groups make the cases fewer. Newcombe's interval
    (2006, method 5) is taken at that many, fewer still by the ratio of Student's factor to the
    normal one (Korn and Graubard 1998). Where the area is 0, 1 or all scores are equal, a group
    counts as one case.
    """
    value, pulls = _pulls(scores, cases)
    positives = int(cases.positive.sum())
    fewer = _design_effect(pulls, cases, level)
    one, other = (max(count / fewer, 1.0) for count in (positives, len(scores) - positives))
    low, high = newcombe(value, one, other, level)
    return Grouped(value, low, high, len(scores), cases.n_groups)


def grouped_difference(
    first: Float[np.ndarray, " case"],
    second: Float[np.ndarray, " case"],
    cases: Cases,
    *,
    level: float = 0.95,
) -> Grouped:
    """Area of one score less that of another on the same cases, with Student's interval."""
    (one, own), (other, others) = _pulls(first, cases), _pulls(second, cases)
    error, factor = cases.spread(own - others, level=level)
    middle, half = one - other, factor * error
    return Grouped(
        middle, max(middle - half, -1.0), min(middle + half, 1.0), len(first), cases.n_groups
    )


def grouped_share(
    caught: Bool[np.ndarray, " case"], cases: Cases, *, level: float = 0.95
) -> Grouped:
    """Share of cases caught, with the exact interval at the number that groups make of them.

    Clopper-Pearson at n over the design effect (Korn and Graubard 1998); where none or all are
    caught, a group counts as one case.
    """
    value = float(caught.mean())
    fewer = _design_effect((caught - value) / len(caught), cases, level)
    count = max(len(caught) / fewer, 1.0)
    low, high = clopper_pearson(value * count, count, level)
    return Grouped(value, low, high, len(caught), cases.n_groups)


def _pulls(
    scores: Float[np.ndarray, " case"], cases: Cases
) -> tuple[float, Float[np.ndarray, " case"]]:
    """Area, and what each case adds to its estimate: sums to 0 on either side of every fold."""
    won, pairs = np.zeros(len(scores)), np.zeros(len(scores))
    for number in np.unique(cases.fold):
        inside = np.flatnonzero(cases.fold == number)
        high = cases.positive[inside]
        ranks = stats.rankdata(scores[inside])
        for side, other in ((high, ~high), (~high, high)):
            above = ranks[side] - stats.rankdata(scores[inside[side]])
            won[inside[side]] = above if side is high else other.sum() - above
            pairs[inside[side]] = other.sum()
    total = pairs[cases.positive].sum()
    value = float(won[cases.positive].sum() / total)
    return value, (won - value * pairs) / total


def _design_effect(pulls: Float[np.ndarray, " case"], cases: Cases, level: float) -> float:
    """By how much fewer the cases are than they look, at least 1."""
    alone = Cases(cases.positive, cases.fold, np.arange(len(pulls)))
    error, factor = cases.spread(pulls, level=level)
    independent, _ = alone.spread(pulls, level=level)
    normal = float(stats.norm.ppf((1 + level) / 2))
    ratio = len(pulls) / cases.n_groups
    if independent > 1e-12:
        ratio = max(1.0, (error / independent) ** 2)
    return float(ratio * (factor / normal) ** 2)
