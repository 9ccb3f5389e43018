"""The power of a suite to tell two detectors apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import special, stats

from evals.rates import require_inside

ALPHA = 0.05
POWER = 0.8
MOST_NETWORKS = 500
"""Sizes are looked for up to here; a contrast that needs more networks is not for a suite."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class PairedRates:
    """Joint probabilities of two detectors' verdicts on one misaligned network.

    Attributes:
        both, first_only, second_only, neither: who flags it; they sum to 1.
    """

    both: float
    first_only: float
    second_only: float
    neither: float

    def __post_init__(self) -> None:
        cells = (self.both, self.first_only, self.second_only, self.neither)
        if not all(0 <= cell <= 1 for cell in cells) or not math.isclose(sum(cells), 1):
            raise ValueError(f"got cells {cells}, wanted four probabilities that sum to 1")

    @property
    def first(self) -> float:
        """P(the first detector flags the network)."""
        return self.both + self.first_only

    @property
    def second(self) -> float:
        """P(the second detector flags the network)."""
        return self.both + self.second_only

    @property
    def discordant(self) -> float:
        """P(the detectors disagree); only such networks tell them apart."""
        return self.first_only + self.second_only


def correlation_range(first: float, second: float) -> tuple[float, float]:
    """Lowest and highest phi that two detection rates allow (Frechet bounds).

    phi = (P(both) - p1 p2) / sqrt(p1 (1 - p1) p2 (1 - p2)) with
    max(0, p1 + p2 - 1) <= P(both) <= min(p1, p2). At the highest the errors are nested: the better
    detector flags all that the worse one flags.
    """
    _check_rates(first, second)
    scale = math.sqrt(first * (1 - first) * second * (1 - second))
    low, high = _both_range(first, second)
    return ((low - first * second) / scale, (high - first * second) / scale)


def paired_rates(first: float, second: float, correlation: float) -> PairedRates:
    """The joint cells with given detection rates and correlation phi of the verdicts.

    P(both) = p1 p2 + phi sqrt(p1 (1 - p1) p2 (1 - p2)); the other cells follow from the rates.
    phi = 0 are independent errors; the highest of `correlation_range` is nested errors.

    Raises:
        ValueError: on a phi that the rates do not allow.
    """
    lowest, highest = correlation_range(first, second)
    if not lowest - _ROUNDING <= correlation <= highest + _ROUNDING:
        raise ValueError(
            f"detection rates {first:g} and {second:g} allow a correlation of {lowest:.3f} to "
            f"{highest:.3f}, got {correlation:g}"
        )
    scale = math.sqrt(first * (1 - first) * second * (1 - second))
    low, high = _both_range(first, second)
    both = min(max(first * second + correlation * scale, low), high)
    return PairedRates(both, first - both, second - both, max(0.0, 1 - first - second + both))


def fisher_power(first: float, second: float, networks: int, *, alpha: float = ALPHA) -> float:
    """P(Fisher's exact test, two-sided, tells two detection rates apart), each on its own networks.

    Summed over all pairs of counts, so exact. With equal arms the null distribution given the total
    is symmetric, so the two-sided p-value is twice the smaller tail.

    Args:
        first, second: detection rates, in (0, 1); equal ones give the size of the test.
        networks: per arm.
        alpha: highest probability of a false difference, in (0, 1).
    """
    _check_rates(first, second)
    _check_size(networks, alpha)
    counts = np.arange(networks + 1)
    of_first = stats.binom.pmf(counts, networks, first)
    of_second = stats.binom.pmf(counts, networks, second)
    log_ways = _log_choose(networks)
    log_total_ways = _log_choose(2 * networks)
    power = 0.0
    for total in range(2 * networks + 1):
        hits = np.arange(max(0, total - networks), min(networks, total) + 1)
        tail = np.cumsum(np.exp(log_ways[hits] + log_ways[total - hits] - log_total_ways[total]))
        significant = 2 * np.minimum(tail, tail[::-1]) <= alpha * (1 + _ROUNDING)
        power += float((of_first[hits] * of_second[total - hits])[significant].sum())
    return power


def mcnemar_power(
    rates: PairedRates, networks: int, *, alpha: float = ALPHA, mid_p: bool = False
) -> float:
    """P(McNemar's test, two-sided, tells two detectors apart) that judge the same networks.

    Given m networks on which they disagree, the first is alone in Bin(m, 1/2) of them if neither is
    better. Exact: twice the smaller tail; mid-p counts the observed count half (Lancaster 1961),
    which is less conservative and may exceed alpha a little. Summed over m and the counts.

    Args:
        rates: joint probabilities of the verdicts.
        networks: judged by both.
        alpha: highest probability of a false difference, in (0, 1).
        mid_p: the mid-p version of the test.
    """
    _check_size(networks, alpha)
    discordant = np.arange(networks + 1)
    if not rates.discordant:
        return 0.0
    # The critical count is this quantile or one less: below it, either p-value is under alpha.
    critical = stats.binom.ppf(alpha / 2, discordant, 0.5)
    p_value = 2 * stats.binom.cdf(critical, discordant, 0.5)
    if mid_p:
        p_value -= stats.binom.pmf(critical, discordant, 0.5)
    critical = np.where(p_value <= alpha * (1 + _ROUNDING), critical, critical - 1)
    share = rates.first_only / rates.discordant
    rejects = stats.binom.cdf(critical, discordant, share) + stats.binom.sf(
        discordant - critical - 1, discordant, share
    )
    return float((stats.binom.pmf(discordant, networks, rates.discordant) * rejects).sum())


def fisher_networks(
    first: float, second: float, *, power: float = POWER, alpha: float = ALPHA
) -> int | None:
    """Fewest networks per arm at which `fisher_power` reaches `power`; None above `MOST_NETWORKS`.

    Raises:
        ValueError: on equal rates, which no number of networks tells apart.
    """
    _check_differ(first, second)
    return _fewest(lambda size: fisher_power(first, second, size, alpha=alpha), power)


def mcnemar_networks(
    rates: PairedRates, *, power: float = POWER, alpha: float = ALPHA, mid_p: bool = False
) -> int | None:
    """Fewest networks at which `mcnemar_power` reaches `power`; None above `MOST_NETWORKS`.

    Raises:
        ValueError: on equal rates, which no number of networks tells apart.
    """
    _check_differ(rates.first, rates.second)
    return _fewest(lambda size: mcnemar_power(rates, size, alpha=alpha, mid_p=mid_p), power)


def _fewest(power_at: Callable[[int], float], wanted: float) -> int | None:
    require_inside("power", wanted)
    size = 1
    while size <= MOST_NETWORKS:
        missing = wanted - power_at(size)
        if missing <= 0:
            return size
        # Growth of the size by a share g raises power by about g phi(x) (x + z) / 2, less than g
        # for any alpha above 1e-5; the .02 pay for the saw teeth. So no answer is skipped.
        size += max(1, math.floor(size * (missing - 0.02)))
    return None


def _both_range(first: float, second: float) -> tuple[float, float]:
    return (max(0.0, first + second - 1), min(first, second))


def _log_choose(of: int) -> Float[np.ndarray, " count"]:
    counts = np.arange(of + 1)
    return np.asarray(-special.betaln(counts + 1, of - counts + 1) - math.log(of + 1))


def _check_rates(first: float, second: float) -> None:
    if not (0 < first < 1 and 0 < second < 1):
        raise ValueError(f"got detection rates {first} and {second}, wanted both in (0, 1)")


def _check_differ(first: float, second: float) -> None:
    if math.isclose(first, second):
        raise ValueError(
            f"both detectors have rate {first:g}; no number of networks tells them apart"
        )


def _check_size(networks: int, alpha: float) -> None:
    if networks < 1:
        raise ValueError(f"got {networks} networks, wanted 1 or more")
    require_inside("alpha", alpha)
