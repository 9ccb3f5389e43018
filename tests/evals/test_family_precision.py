"""Half-widths for a new family, against reference numbers, the posterior and drawn families."""

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from evals.family_posterior import FamilyCount, family_posterior
from evals.family_precision import (
    effective_networks,
    family_correlation,
    family_precision,
    irreducible_half_width,
)

FAMILIES = (2, 3, 5, 8, 12, 20)
HALF_WIDTHS = [  # spread; half-width for a new family; for the mean of all families
    (0.0, (0.45, 0.37, 0.26, 0.20, 0.15, 0.12), (0.24, 0.18, 0.12, 0.08, 0.06, 0.04)),
    (0.5, (0.46, 0.39, 0.31, 0.24, 0.21, 0.19), (0.25, 0.19, 0.13, 0.10, 0.07, 0.05)),
    (1.0, (0.47, 0.42, 0.38, 0.34, 0.33, 0.32), (0.25, 0.21, 0.16, 0.12, 0.10, 0.08)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("spread", "new", "mean"), HALF_WIDTHS)
def test_half_widths_for_a_new_family_match_the_reference(
    spread: float, new: tuple[float, ...], mean: tuple[float, ...]
) -> None:
    generator = np.random.default_rng(20)
    rows = family_precision(
        generator, FAMILIES, networks=20, log_odds=1.0, spread=spread, replicates=150
    )
    assert [row.families for row in rows] == list(FAMILIES)
    assert [row.new_family for row in rows] == pytest.approx(new, abs=0.02)
    assert [row.population_mean for row in rows] == pytest.approx(mean, abs=0.01)
    assert max(row.standard_error for row in rows) < 0.01


@pytest.mark.slow
def test_the_default_number_of_replicates_is_within_the_tolerance() -> None:
    for spread, new, _ in HALF_WIDTHS:
        rows = family_precision(
            np.random.default_rng(1), FAMILIES, networks=20, log_odds=1.0, spread=spread
        )
        assert [row.new_family for row in rows] == pytest.approx(new, abs=0.04)


def test_half_widths_are_those_of_the_posterior() -> None:
    generator = np.random.default_rng(33)
    (row,) = family_precision(generator, (4,), networks=12, log_odds=0.3, spread=0.8, replicates=3)
    replay = np.random.default_rng(33)
    rates = special.expit(0.3 + 0.8 * replay.standard_normal((3, 4)))
    new, mean = [], []
    for counts in replay.binomial(12, rates):
        posterior = family_posterior(
            [FamilyCount(str(place), int(count), 12) for place, count in enumerate(counts)]
        )
        assert posterior is not None
        new.append(np.diff(posterior.interval())[0] / 2)
        cumulative = posterior.weights.sum(axis=1).cumsum()
        mean.append(np.diff(np.searchsorted(cumulative, (0.05, 0.95)))[0] / 200)
    assert row.new_family == pytest.approx(np.mean(new), abs=0.003)
    assert row.population_mean == pytest.approx(np.mean(mean), abs=0.006)
    assert row.standard_error == pytest.approx(stats.sem(new), abs=0.002)


@pytest.mark.parametrize(
    ("spread", "half_width"), [(0.25, 0.08), (0.5, 0.16), (1.0, 0.30), (2.0, 0.45)]
)
def test_the_irreducible_half_width_matches_the_reference_and_drawn_families(
    spread: float, half_width: float
) -> None:
    found = irreducible_half_width(1.0, spread)
    # At a spread of 1 the closed form is .295, which the reference gives as .30.
    assert found == pytest.approx(half_width, abs=0.006)
    rates = special.expit(1 + spread * np.random.default_rng(6).standard_normal(100_000))
    low, high = np.quantile(rates, (0.05, 0.95))
    assert found == pytest.approx((high - low) / 2, abs=0.004)


def test_families_alike_leave_nothing_irreducible() -> None:
    assert irreducible_half_width(1.0, 0.0) == 0.0
    assert family_correlation(1.0, 0.0) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("spread", "correlation"), [(0.5, 0.056), (1.0, 0.17), (2.0, 0.39)])
def test_the_correlation_within_a_family_matches_the_reference_and_integration(
    spread: float, correlation: float
) -> None:
    assert family_correlation(0.0, spread) == pytest.approx(correlation, abs=0.005)
    for log_odds in (0.0, 1.5):
        mean, square = (
            integrate.quad(
                lambda z, power=power: (
                    special.expit(log_odds + spread * z) ** power * stats.norm.pdf(z)  # noqa: B023
                ),
                -9,
                9,
            )[0]
            for power in (1, 2)
        )
        expected = (square - mean**2) / (mean * (1 - mean))
        assert family_correlation(log_odds, spread) == pytest.approx(expected, abs=1e-6)


def test_effective_networks_match_the_reference_and_the_variance_of_the_mean() -> None:
    assert effective_networks(5, 20, 0.17) == pytest.approx(24, abs=0.5)
    assert effective_networks(5, 20, 0.0) == 100
    assert effective_networks(5, 20, 1.0) == pytest.approx(5)
    generator = np.random.default_rng(7)
    size = (1 - 0.17) / 0.17
    rates = generator.beta(0.6 * size, 0.4 * size, (40_000, 5))
    means = generator.binomial(20, rates).mean(axis=1) / 20
    assert means.var() == pytest.approx(0.24 / effective_networks(5, 20, 0.17), rel=0.03)


def test_impossible_families_are_errors() -> None:
    generator = np.random.default_rng(0)
    good = {"networks": 20, "log_odds": 1.0, "spread": 1.0}
    for families in ((), (0,), (3, -1)):
        with pytest.raises(ValueError, match="numbers of families"):
            family_precision(generator, families, **good)
    for name, value, message in (
        ("networks", 0, "networks per family"),
        ("log_odds", math.nan, "finite"),
        ("spread", -1.0, "finite"),
        ("spread", math.inf, "finite"),
        ("replicates", 1, "replicates"),
        ("level", 1.0, "level"),
    ):
        with pytest.raises(ValueError, match=message):
            family_precision(generator, (3,), **{**good, name: value})
    for correlation in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="correlation"):
            effective_networks(5, 20, correlation)
