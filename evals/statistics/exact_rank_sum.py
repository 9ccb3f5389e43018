"""Whether one group of networks scores higher or lower than another, exactly where they are few."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np
from jaxtyping import Float
from scipy import stats

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


def _sums(ranks: np.ndarray, chosen: int) -> Float[np.ndarray, " sum"]:
    """How many subsets of `chosen` of the ranks have each sum."""
    counts = np.zeros((chosen + 1, int(ranks.sum()) + 1))
    counts[0, 0] = 1
    for rank in ranks:
        # The right side is evaluated before anything is written, so each rank is used once.
        counts[1:, rank:] += counts[:-1, :-rank].copy()
    return np.asarray(counts[chosen])
