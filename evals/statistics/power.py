"""What a suite of a given size can show, before it is built."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import optimize, special, stats

from evals.statistics.family_posterior import FamilyCount, family_posterior
from evals.statistics.limit import new_family_limit
from evals.statistics.rates import rate, require_inside
from probes.arguments import require_number

CONFIDENCE = 0.95
POWER = 0.8
SPREADS = (0.0, 0.5, 1.0, 2.0)
"""Standard deviations of families, in log-odds; at 0 families are alike."""

SMALLEST_RATE = 1e-9
"""False-positive rates below this one are refused: no suite could show them."""

REPLICATES = 1000
INTERVAL_REPLICATES = 200
_DRAWS = 2000

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(101)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True)
class Simulated:
    """What suites of one size show of a new family, on average over simulated suites.

    Attributes:
        spread: sd of families in log-odds.
        false_alarms: P(a network of a new aligned family is flagged) by the model-based limit.
        detected: P(a network of a new misaligned family is flagged).
        at_best: the same if the limit were known exactly.
        width: of the central 90% interval for the detection rate of a new family.
        error: largest Monte Carlo standard error of the four.
    """

    spread: float
    false_alarms: float
    detected: float
    at_best: float
    width: float
    error: float


def simulated(
    generator: np.random.Generator,
    *,
    families: int,
    networks: int,
    spread: float,
    alpha: float,
    detection: float,
) -> Simulated:
    """Set the limit on simulated aligned families and meet families that it has not seen.

    A score is shift + spread z + noise, z ~ N(0, 1) of its family, noise logistic of its network;
    the shift is 0 for aligned networks. So the share of a family that exceeds a limit c is
    expit(shift + spread z - c), and means over new families are Gauss-Hermite sums. Misaligned
    networks are shifted until a middling family (z = 0) is flagged at rate `detection` by the exact
    limit, that which new aligned families exceed at rate alpha.

    Args:
        families: aligned ones behind the limit, and as many of a misalignment type.
        spread: sd of families in log-odds, 0 or more.
        detection: of a middling family at the exact limit, in (0, 1).

    Raises:
        ValueError: on an empty suite, or an argument out of its range.
    """
    require_number("spread", spread)
    if min(families, networks) < 1 or not spread >= 0:
        raise ValueError(
            f"got {families} families of {networks} networks and spread {spread}; wanted 1 or more "
            "of each and a spread of 0 or more"
        )
    _require_showable("alpha", alpha)
    require_inside("detection", detection)
    size = (REPLICATES, families, networks)
    effects = spread * generator.standard_normal((*size[:2], 1))
    scores = (effects + generator.logistic(size=size)).reshape(REPLICATES, -1)
    names = np.repeat(np.arange(families), networks)
    found = (new_family_limit(suite, names, alpha).value for suite in scores)
    limits = np.array([math.inf if value is None else value for value in found])
    reach = 50 + 40 * spread
    exact = optimize.brentq(lambda c: float(_above(np.array(c), spread)) - alpha, -reach, reach)
    shift = exact + float(special.logit(detection))
    alarms, hits = _above(limits, spread), _above(limits - shift, spread)
    widths = _widths(generator, families, networks, spread, detection)
    errors = [values.std(ddof=1) / math.sqrt(values.size) for values in (alarms, hits, widths)]
    return Simulated(
        spread,
        float(alarms.mean()),
        float(hits.mean()),
        float(_above(np.array(exact - shift), spread)),
        float(widths.mean()),
        float(max(errors)),
    )


def upper_bound(alarms: int, controls: int) -> float:
    """Highest false-positive rate that `alarms` of `controls` aligned networks leave open.

    One-sided Clopper-Pearson: the rate a with P(X <= alarms) = .05, X ~ Bin(controls, a). The
    controls must be held out: not those that set the threshold.

    Raises:
        ValueError: without controls, or with more alarms than controls.
    """
    # Either end of a central interval of level 2c - 1 is a one-sided bound of confidence c.
    interval = rate(alarms, controls, level=2 * CONFIDENCE - 1).interval
    if interval is None:
        raise ValueError("got 0 aligned networks, wanted 1 or more; they leave every rate open")
    return interval[1]


def networks_to_show(false_alarm_rate: float, alarms: int) -> int:
    """Fewest controls on which so many alarms leave only lower rates open: see `upper_bound`.

    P(X <= k) <= .05, X ~ Bin(n, a), says that the alarm k + 1 comes among the first n networks with
    probability .95 or more: a quantile of the negative binomial distribution.
    """
    _require_showable("false-alarm rate", false_alarm_rate)
    return alarms + 1 + int(stats.nbinom.ppf(CONFIDENCE, alarms + 1, false_alarm_rate))


def paired_power(first_only: float, second_only: float, networks: int) -> float:
    """P(two-sided exact McNemar test at 5% tells two detectors apart) on the same networks.

    Of m networks on which they disagree the first is alone in Bin(m, 1/2) if neither is better;
    summed over m ~ Bin(networks, first_only + second_only) and the counts.

    Args:
        first_only, second_only: probabilities that one detector alone flags a network.
    """
    require_number("first_only", first_only, least=0, most=1)
    require_number("second_only", second_only, least=0, most=1)
    discordant = np.arange(networks + 1)
    # The critical count is this quantile or one less: below it the p-value is under 5%.
    critical = np.asarray(stats.binom.ppf(0.025, discordant, 0.5))
    critical -= np.asarray(stats.binom.cdf(critical, discordant, 0.5)) > 0.025
    apart = first_only + second_only
    share = first_only / apart if apart else 0.5
    lower = np.asarray(stats.binom.cdf(critical, discordant, share))
    upper = np.asarray(stats.binom.sf(discordant - critical - 1, discordant, share))
    return float(stats.binom.pmf(discordant, networks, apart) @ (lower + upper))


def smallest_difference(detection: float, networks: int, *, nested: bool) -> float | None:
    """Smallest step of .01 down from `detection` that the paired test sees with power .8, or None.

    Args:
        nested: whether the better one flags all that the worse one flags; else errors are
            independent, and more networks disagree by chance.
    """
    require_inside("detection", detection)
    for step in np.arange(0.01, detection + 0.005, 0.01):
        worse = max(0.0, detection - float(step))
        second_only = 0.0 if nested else (1 - detection) * worse
        if paired_power(detection - worse + second_only, second_only, networks) >= POWER:
            return float(step)
    return None


def _require_showable(name: str, rate: float) -> None:
    require_inside(name, rate)
    if rate < SMALLEST_RATE:
        raise ValueError(
            f"{name} {rate:g} is too small to be shown; wanted {SMALLEST_RATE:g} at least"
        )


def _above(limits: Float[np.ndarray, "*suite"], spread: float) -> Float[np.ndarray, "*suite"]:
    """Mean share of new families' unshifted networks above each limit."""
    return np.asarray(special.expit(spread * _NODES - limits[..., None]) @ _WEIGHTS)


def _widths(
    generator: np.random.Generator, families: int, networks: int, spread: float, detection: float
) -> Float[np.ndarray, " suite"]:
    """Widths of 90% intervals of the beta-binomial posterior; the data have another model."""
    effects = spread * generator.standard_normal((INTERVAL_REPLICATES, families))
    counts = generator.binomial(networks, special.expit(special.logit(detection) + effects))
    widths = []
    for suite in counts:
        posterior = family_posterior(
            [FamilyCount(str(name), int(count), networks) for name, count in enumerate(suite)]
        )
        if posterior is None:
            raise ValueError("a suite without networks has no posterior; give 1 or more per family")
        low, high = np.quantile(posterior.draws(generator, _DRAWS), [0.05, 0.95])
        widths.append(high - low)
    return np.array(widths)
