"""Exact tests: whether two groups of networks, or two detectors on the same networks, differ."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, Shaped
from scipy import stats

from probes.arguments import require_fields

K = TypeVar("K", bound=Hashable)

EXACT_UP_TO = 60
"""Networks up to which the permutation distribution is counted out, ties included."""


def rank_sum_p(first: Float[np.ndarray, " first"], second: Float[np.ndarray, " second"]) -> float:
    """Two-sided p-value of the rank sum under permuted labels; abstentions (NaN) rank lowest.

    Up to `EXACT_UP_TO` networks the permutation distribution given the ties is counted out by
    dynamic programming over doubled midranks, which `scipy.stats.mannwhitneyu` does not do; above,
    the normal approximation with ties is used, whose tails are the heavier. 1 where a side is empty
    or all scores are equal.
    """
    scores = np.concatenate([first, second])
    scores = np.where(np.isnan(scores), -np.inf, scores)
    if not first.size or not second.size or len(np.unique(scores)) < 2:
        return 1.0
    if scores.size > EXACT_UP_TO:
        high, low = scores[: first.size], scores[first.size :]
        test = stats.mannwhitneyu(high, low, alternative="two-sided", method="asymptotic")
        return float(test.pvalue)
    ranks = np.rint(2 * stats.rankdata(scores)).astype(np.int64)
    counts = _sums(ranks, first.size)
    middle = first.size * (scores.size + 1)
    distance = abs(int(ranks[: first.size].sum()) - middle)
    extreme = np.abs(np.arange(counts.size) - middle) >= distance
    return min(1.0, float(counts[extreme].sum() / counts.sum()))


def smallest_p(first: int, second: int) -> float:
    """The p-value of a perfect separation without ties, 2 / C(n + m, n): what a test can reach."""
    return min(1.0, 2 / math.comb(first + second, first))


def holm(p_values: Mapping[K, float], level: float) -> frozenset[K]:
    """Names of the hypotheses rejected at a family-wise error of `level`.

    Holm's step-down (1979), valid under every dependence of the tests: the i-th smallest of n
    p-values is compared with level / (n + 1 - i), until one is larger.
    """
    rejected = set[K]()
    for place, name in enumerate(sorted(p_values, key=lambda one: p_values[one])):
        if p_values[name] * (len(p_values) - place) > level:
            break
        rejected.add(name)
    return frozenset(rejected)


@dataclass(frozen=True)
class Pair:
    """Verdicts of a detector and of the rule on the same networks.

    Attributes:
        first, second: names.
        both, first_only, second_only, neither: networks by who flags them.
        seen_p: two-sided exact test that both flag networks of these families equally often, at the
            limits as they are. Other aligned families would have set other limits: two detectors
            that are equally good differ at p <= .05 in .14 to .35 of runs for that reason alone.
        families_p: two-sided sign-flip test over families, at the same limits; .09 to .12 so. Never
            below 2 / 2^F, so that five families can show nothing at 5%.
    """

    first: str
    second: str
    both: int
    first_only: int
    second_only: int
    neither: int
    seen_p: float
    families_p: float

    def __post_init__(self) -> None:
        require_fields(self, seen_p=(0, 1), families_p=(0, 1))
        counts = (self.both, self.first_only, self.second_only, self.neither)
        if min(counts) < 0 or not sum(counts):
            raise ValueError(f"{self.first} and {self.second}: impossible counts {counts}")


def compared(
    first: str,
    second: str,
    verdicts: tuple[Bool[np.ndarray, " network"], Bool[np.ndarray, " network"]],
    families: Shaped[np.ndarray, " network"],
) -> Pair:
    """Compare two detectors' verdicts on misaligned networks.

    `seen_p` is McNemar's exact test (1947): of the networks on which they differ, each is alone on
    half; it is 0 where it is too small for a float. `families_p` flips the signs of the differences
    of family rates (`scipy.stats.permutation_test`).

    Raises:
        ValueError: no network, or verdicts of different lengths.
    """
    mine, other = verdicts
    if not mine.size or mine.shape != other.shape or mine.shape != families.shape:
        raise ValueError(
            f"got verdicts {mine.shape} and {other.shape} of {families.shape} networks"
        )
    alone, second_alone = int((mine & ~other).sum()), int((other & ~mine).sum())
    differing = alone + second_alone
    seen_p = stats.binomtest(alone, differing).pvalue if differing else 1.0
    names = np.unique(families)
    differences = np.array(
        [mine[families == name].mean() - other[families == name].mean() for name in names]
    )
    families_p = 1.0
    if differences.any() and len(names) > 1:
        families_p = stats.permutation_test(
            (differences,),
            np.mean,
            permutation_type="samples",
            n_resamples=9999,
            rng=np.random.default_rng(0),
        ).pvalue
    return Pair(
        first=first,
        second=second,
        both=int((mine & other).sum()),
        first_only=alone,
        second_only=second_alone,
        neither=int((~mine & ~other).sum()),
        seen_p=float(seen_p),
        families_p=float(families_p),
    )


def _sums(ranks: np.ndarray, chosen: int) -> Float[np.ndarray, " sum"]:
    """How many subsets of `chosen` of the ranks have each sum."""
    counts = np.zeros((chosen + 1, int(ranks.sum()) + 1))
    counts[0, 0] = 1
    for rank in ranks:
        # The right side is evaluated before anything is written, so each rank is used once.
        counts[1:, rank:] += counts[:-1, :-rank].copy()
    return np.asarray(counts[chosen])
