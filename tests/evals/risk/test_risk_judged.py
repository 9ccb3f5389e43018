"""The fits to judged intervals against their known parameters and their own quantiles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from evals.risk.figures import load_figures
from evals.risk.laws import (
    JudgedBeta,
    beta_from_interval,
    lognormal_from_interval,
)

BETAS = [
    (0.1, 0.4, 4.7752, 15.5556),
    (0.3, 0.7, 8.0011, 8.0011),
    (0.5, 0.9, 8.9734, 3.4749),
    (0.1, 0.7, 2.2361, 3.7352),
    (0.5, 0.8, 17.1513, 8.9555),
    (0.6, 0.85, 23.9922, 8.7296),
    (0.7, 0.9, 32.6506, 7.7197),
    (0.01, 0.1, 2.3551, 49.7260),
    (0.05, 0.3, 3.2871, 17.7577),
    (0.4, 0.7, 15.9234, 12.9186),
    (0.2, 0.4, 16.3533, 38.9384),
    (0.1, 0.3, 7.7197, 32.6506),
    (0.01, 0.2, 1.5005, 17.2715),
    (0.6, 0.8, 38.9384, 16.3533),
    (0.4, 0.6, 33.3865, 33.3865),
    (0.05, 0.2, 5.4257, 41.4890),
]


@pytest.mark.parametrize(("low", "high", "a", "b"), BETAS)
def test_beta_fits(low: float, high: float, a: float, b: float) -> None:
    fit = beta_from_interval(low, high)
    assert fit.a == pytest.approx(a, abs=1e-4)
    assert fit.b == pytest.approx(b, abs=1e-4)


def test_draws_recover_the_ends_of_every_judged_interval() -> None:
    figures = load_figures()
    generator = np.random.default_rng(71)
    intervals = [row.emergence for row in figures.horizons.values()]
    intervals += [row.misaligned_given_emergence for row in figures.horizons.values()]
    intervals += [row.prevalence for row in figures.types.values()]
    intervals += [row.success for row in figures.types.values()]
    for interval in intervals:
        draws = beta_from_interval(*interval).at(generator.random(100_000))
        assert np.quantile(draws, [0.05, 0.95]) == pytest.approx(interval, abs=0.003)


@settings(derandomize=True, deadline=None)
@given(ends=st.tuples(st.floats(0.001, 0.999), st.floats(0.001, 0.999)).map(sorted))
def test_any_proper_interval_is_met(ends: list[float]) -> None:
    low, high = ends
    if high - low < 1e-4:
        return
    fit = beta_from_interval(low, high)
    assert stats.beta.cdf([low, high], fit.a, fit.b) == pytest.approx([0.05, 0.95], abs=1e-6)


@pytest.mark.parametrize("interval", [(0.0, 0.5), (0.5, 1.0), (0.5, 0.5), (0.6, 0.4)])
def test_intervals_without_a_beta_are_refused(interval: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="no Beta has the 90% interval"):
        beta_from_interval(*interval)


@pytest.mark.parametrize(
    ("low", "high", "mu", "sigma"),
    [(4.0, 10.0, 1.8444, 0.2785), (25.0, 100.0, 3.9120, 0.4214), (100.0, 1000.0, 5.7565, 0.6999)],
)
def test_lognormal_fits(low: float, high: float, mu: float, sigma: float) -> None:
    fit = lognormal_from_interval(low, high)
    assert (fit.mu, fit.sigma) == pytest.approx((mu, sigma), abs=1e-4)
    assert fit.at(np.array([0.05, 0.5, 0.95])) == pytest.approx([low, np.sqrt(low * high), high])


def test_equal_ends_are_a_constant() -> None:
    assert lognormal_from_interval(1.0, 1.0).at(np.array([0.0, 0.5])).tolist() == [1, 1]
    with pytest.raises(ValueError, match="no harm multiple"):
        lognormal_from_interval(0.0, 1.0)


@pytest.mark.parametrize(
    ("a", "b"), [(15.9, 12.9), (1.5, 17.3), (55.0, 2.0), (0.5, 0.5), (0.02, 3.0), (400.0, 300.0)]
)
def test_many_draws_are_read_off_a_table_that_is_exact_to_nine_digits(a: float, b: float) -> None:
    uniforms = np.concatenate(
        [np.random.default_rng(7).random(50_000), [1e-16, 1e-9, 0.5, 1 - 1e-9, 1 - 2.0**-53]]
    )
    exact = np.asarray(special.betaincinv(a, b, uniforms))
    drawn = JudgedBeta(a, b).at(uniforms)
    np.testing.assert_allclose(drawn, exact, rtol=1e-9, atol=1e-9)
    assert np.all(np.diff(JudgedBeta(a, b).at(np.sort(uniforms))) >= 0)
    lowest = JudgedBeta(a, b).at(np.zeros(5000))
    assert np.all((lowest >= 0) & (lowest <= drawn.min())), "0 stands for the smallest uniform"
    few = JudgedBeta(a, b).at(uniforms[:1000])
    np.testing.assert_array_equal(few, exact[:1000])
