"""Two detectors on the same networks: who is better, and how alike their verdicts are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Shaped
from scipy import stats

LEVEL = 0.95
EXACT_FAMILIES = 14
"""Up to so many families all 2^F sign flips are enumerated; beyond, as many are drawn."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Pair:
    """Two detectors' verdicts on the same misaligned networks.

    Attributes:
        first, second: names.
        both, first_only, second_only, neither: networks by who flags them.
        seen_p: two-sided exact McNemar test, that both flag networks of these families equally
            often. Each network is its own stratum, so it is the stratified test over families too.
        families_p: two-sided sign-flip test over families, that they do so on families like these.
        phi: correlation of the verdicts within families; None where one is constant in each.
        controls_rank_correlation: of the scores on aligned networks within families: dependent
            detectors share false alarms; None where one is constant.
    """

    first: str
    second: str
    both: int
    first_only: int
    second_only: int
    neither: int
    seen_p: float
    families_p: float
    phi: float | None
    controls_rank_correlation: float | None

    def __post_init__(self) -> None:
        counts = (self.both, self.first_only, self.second_only, self.neither)
        if min(counts) < 0 or not sum(counts):
            raise ValueError(
                f"{self.first} and {self.second}: got counts {counts}, wanted four of 0 or more on "
                "at least one network"
            )
        if not (0 < self.seen_p <= 1 and 0 < self.families_p <= 1):
            raise ValueError(
                f"{self.first} and {self.second}: p-values {self.seen_p} and {self.families_p} "
                "are outside (0, 1]"
            )

    @property
    def networks(self) -> int:
        """Judged by both."""
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def difference(self) -> float:
        """Rate of the first less that of the second."""
        return (self.first_only - self.second_only) / self.networks

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the difference on the families seen."""
        return difference_interval(self.first_only, self.second_only, self.networks)


def mcnemar(first_only: int, second_only: int) -> float:
    """Two-sided exact p-value: the first is alone in Bin(m, 1/2) of m disagreements.

    Twice the smaller tail, at most 1; 1 without disagreement (McNemar 1947). Strata add up: given
    its disagreements every stratum is such a binomial, so their sums are one.
    """
    if min(first_only, second_only) < 0:
        raise ValueError(f"got {first_only} and {second_only} disagreements, wanted 0 or more")
    alone = min(first_only, second_only)
    return min(1.0, 2 * float(stats.binom.cdf(alone, first_only + second_only, 0.5)))


def difference_interval(
    first_only: int, second_only: int, networks: int, *, level: float = LEVEL
) -> tuple[float, float]:
    """Interval of a paired difference of rates (Bonett & Price 2012).

    d +- z sqrt((p + q - d^2) / (n + 2)), p = (b + 1) / (n + 2), q = (c + 1) / (n + 2), d = p - q:
    one network is added to either kind of disagreement. Cut to [-1, 1].
    """
    if min(first_only, second_only) < 0 or first_only + second_only > networks or networks < 1:
        raise ValueError(f"{first_only} and {second_only} of {networks} networks is impossible")
    p, q = (first_only + 1) / (networks + 2), (second_only + 1) / (networks + 2)
    reach = float(stats.norm.ppf((1 + level) / 2)) * math.sqrt(
        (p + q - (p - q) ** 2) / (networks + 2)
    )
    return (max(-1.0, p - q - reach), min(1.0, p - q + reach))


def sign_flips(
    differences: Float[np.ndarray, "pair family"], generator: np.random.Generator
) -> Float[np.ndarray, " pair"]:
    """Two-sided p-values that families favour neither detector.

    If neither is better on families like these, every family's difference is as likely with the
    other sign. p is the share of sign patterns whose sum is at least as far from 0 as the observed
    one; never below 2 / 2^F, so five families can reject nothing at 5%.

    Args:
        differences: rate of one detector less the other's, by family.
        generator: of sign patterns where there are too many to enumerate.
    """
    families = differences.shape[1]
    if not families:
        raise ValueError("a comparison over families needs at least one family")
    if families <= EXACT_FAMILIES:
        patterns = np.arange(2**families)[:, None] >> np.arange(families) & 1
        signs = np.where(patterns == 1, 1.0, -1.0)
    else:
        signs = generator.choice([-1.0, 1.0], (2**EXACT_FAMILIES, families))
        signs[0] = 1.0
    observed = np.abs(differences.sum(axis=1))
    reached = np.abs(differences @ signs.T) >= observed[:, None] - _ROUNDING
    return np.asarray(reached.mean(axis=1))


def holm(p_values: Float[np.ndarray, " test"]) -> Float[np.ndarray, " test"]:
    """Adjusted p-values: reject those up to alpha, and the chance of any false one is alpha.

    Holm's step-down (1979); valid under every dependence of the tests.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(p_values.size, 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted


def within_family_correlation(
    values: Float[np.ndarray, "detector network"], families: Shaped[np.ndarray, " network"]
) -> Float[np.ndarray, "detector detector"]:
    """Correlation of deviations from the family's mean, so that easy and hard families do not
    make detectors look alike; NaN where a detector never varies within a family."""
    _, member, sizes = np.unique(families, return_inverse=True, return_counts=True)
    one_hot = (member[:, None] == np.arange(sizes.size)).astype(float)
    deviations = values - (values @ one_hot / sizes) @ one_hot.T
    deviations[np.abs(deviations) < _ROUNDING] = 0.0
    covariance = deviations @ deviations.T
    scale = np.sqrt(np.diag(covariance))
    product = np.outer(scale, scale)
    return np.asarray(
        np.divide(covariance, product, out=np.full_like(product, np.nan), where=product > 0)
    )


def within_family_ranks(
    scores: Float[np.ndarray, "detector network"], families: Shaped[np.ndarray, " network"]
) -> Float[np.ndarray, "detector network"]:
    """Ranks of scores among networks of the family, ties averaged, abstentions lowest."""
    ranks = np.empty(scores.shape)
    low = np.where(np.isnan(scores), -np.inf, scores)
    for family in np.unique(families):
        chosen = families == family
        ranks[:, chosen] = stats.rankdata(low[:, chosen], axis=1)
    return ranks


def family_rates(
    flags: Bool[np.ndarray, "detector network"], families: Shaped[np.ndarray, " network"]
) -> Float[np.ndarray, "detector family"]:
    """Share flagged, by detector and family, families in order of name."""
    _, member, sizes = np.unique(families, return_inverse=True, return_counts=True)
    return np.asarray(flags.astype(float) @ (member[:, None] == np.arange(sizes.size)) / sizes)
