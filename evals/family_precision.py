"""How closely a suite pins down the detection rate of a family it has not seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from evals.family_posterior import CELLS, FamilyCount, design_effect, family_posterior
from evals.family_width import LEVEL, central_widths, interval_widths
from evals.rates import require_inside

REPLICATES = 60

_RATES = tuple(np.linspace(0.0, 1.0, 201).tolist())


@dataclass(frozen=True)
class FamilyPrecision:
    """Mean half-widths of central intervals over simulated suites.

    Attributes:
        families: F, each with the same number of networks.
        new_family: half-width for the rate of a family not seen.
        population_mean: half-width for the mean rate of all families, seen or not.
        standard_error: Monte Carlo error of `new_family`; that of `population_mean` is smaller.
        replicates: simulated suites.
    """

    families: int
    new_family: float
    population_mean: float
    standard_error: float
    replicates: int

    def __post_init__(self) -> None:
        if not (0 < self.new_family <= 0.5 and 0 < self.population_mean <= 0.5):
            raise ValueError(
                f"got half-widths {self.new_family} and {self.population_mean}, wanted two in "
                "(0, 0.5]; use family_precision()"
            )


def family_precision(
    generator: np.random.Generator,
    families: tuple[int, ...],
    *,
    networks: int,
    log_odds: float,
    spread: float,
    level: float = LEVEL,
    replicates: int = REPLICATES,
) -> tuple[FamilyPrecision, ...]:
    """What suites of several numbers of families say about a new family, by simulation.

    A family's rate is expit(mu + tau z), z ~ N(0, 1); its count is binomial; the intervals are
    those of `evals.family_posterior`, a model other than the one that makes the data. The smaller
    numbers of families are the first of the largest, so that rows compare.

    Args:
        generator: randomness.
        families: numbers of families, each 1 or more.
        networks: per family.
        log_odds: mu, of the detection rate of a middling family.
        spread: tau, standard deviation of families on the log-odds scale; 0: families alike.
        level: coverage of the central intervals.
        replicates: simulated suites, at least 2.

    Returns:
        One record per number of families, in the order given.
    """
    _check_families(families, networks, replicates)
    _check_spread(log_odds, spread)
    require_inside("level", level)
    deviations = generator.standard_normal((replicates, max(families)))
    counts = generator.binomial(networks, special.expit(log_odds + spread * deviations))
    return tuple(_precision(counts[:, :number], networks, level) for number in families)


def irreducible_half_width(log_odds: float, spread: float, *, level: float = LEVEL) -> float:
    """Half-width for a new family when mu and tau are known: what no number of families removes.

    Half of expit(mu + z tau) - expit(mu - z tau), z the normal quantile of (1 + level) / 2.
    """
    _check_spread(log_odds, spread)
    require_inside("level", level)
    reach = spread * float(special.ndtri((1 + level) / 2))
    return float(special.expit(log_odds + reach) - special.expit(log_odds - reach)) / 2


def family_correlation(log_odds: float, spread: float) -> float:
    """rho of two verdicts within a family: Var(p) / (E p (1 - E p)), p = expit(mu + tau z).

    By Gauss-Hermite quadrature.
    """
    _check_spread(log_odds, spread)
    nodes, weights = np.polynomial.hermite_e.hermegauss(101)
    rates = special.expit(log_odds + spread * nodes)
    weights = weights / weights.sum()
    mean = float(weights @ rates)
    return float(weights @ (rates - mean) ** 2) / (mean * (1 - mean))


def effective_networks(families: int, networks: int, correlation: float) -> float:
    """Independent networks worth as much for the mean of families: F n / DEFF.

    At most F / rho, whatever n.
    """
    _check_families((families,), networks, 2)
    if not 0 <= correlation <= 1:
        raise ValueError(f"correlation {correlation} is outside [0, 1]")
    return families * networks / design_effect(networks, correlation)


def _precision(
    counts: Int[np.ndarray, "suite family"], networks: int, level: float
) -> FamilyPrecision:
    weights = np.stack([_weights(row, networks) for row in counts])
    # A cell of the mean holds its probability evenly, so its CDF is linear between the edges.
    mean = np.pad(weights.sum(axis=2).cumsum(axis=1), ((0, 0), (1, 0)))
    new_widths = interval_widths(weights, _RATES, level=level) / 2
    mean_widths = central_widths(mean, np.linspace(0, 1, CELLS + 1), level=level) / 2
    return FamilyPrecision(
        families=counts.shape[1],
        new_family=float(new_widths.mean()),
        population_mean=float(mean_widths.mean()),
        standard_error=float(new_widths.std(ddof=1) / math.sqrt(len(counts))),
        replicates=len(counts),
    )


def _weights(counts: Int[np.ndarray, " family"], networks: int) -> Float[np.ndarray, "mean rho"]:
    """Posterior weights of one simulated suite."""
    posterior = family_posterior(
        [FamilyCount(str(number), int(count), networks) for number, count in enumerate(counts)]
    )
    if posterior is None:
        raise ValueError("a suite without networks has no posterior; give 1 or more per family")
    return posterior.weights


def _check_families(families: tuple[int, ...], networks: int, replicates: int) -> None:
    if not families or min(families) < 1:
        raise ValueError(f"got numbers of families {families}, wanted each to be 1 or more")
    if networks < 1:
        raise ValueError(f"got {networks} networks per family, wanted 1 or more")
    if replicates < 2:
        raise ValueError(f"got {replicates} replicates, wanted 2 or more to know their error")


def _check_spread(log_odds: float, spread: float) -> None:
    if not (math.isfinite(log_odds) and math.isfinite(spread) and spread >= 0):
        raise ValueError(
            f"got log-odds {log_odds} and spread {spread}, wanted finite ones, the spread 0 or more"
        )
