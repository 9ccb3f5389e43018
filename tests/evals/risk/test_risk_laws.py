"""Laws of judged figures: fits to intervals, and correction given detection."""

import numpy as np
import pytest
from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st
from scipy import special, stats
from worked_example import FIGURES, success_given

from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.laws import (
    DETECTIONS,
    JudgedBeta,
    beta_from_interval,
    given,
    lognormal_from_interval,
    split_success,
)

JUDGED = {name: beta_from_interval(*FIGURES.types[name].success) for name in MISALIGNMENT_TYPES}

BETAS = (
    (0.1, 0.4, 4.7752, 15.5556), (0.3, 0.7, 8.0011, 8.0011),
    (0.5, 0.9, 8.9734, 3.4749), (0.1, 0.7, 2.2361, 3.7352),
    (0.5, 0.8, 17.1513, 8.9555), (0.6, 0.85, 23.9922, 8.7296),
    (0.7, 0.9, 32.6506, 7.7197), (0.01, 0.1, 2.3551, 49.7260),
    (0.05, 0.3, 3.2871, 17.7577), (0.4, 0.7, 15.9234, 12.9186),
    (0.2, 0.4, 16.3533, 38.9384), (0.1, 0.3, 7.7197, 32.6506),
    (0.01, 0.2, 1.5005, 17.2715), (0.6, 0.8, 38.9384, 16.3533),
    (0.4, 0.6, 33.3865, 33.3865), (0.05, 0.2, 5.4257, 41.4890),
)  # fmt: skip


def test_beta_fits() -> None:
    for low, high, a, b in BETAS:
        fit = beta_from_interval(low, high)
        assert (fit.a, fit.b) == pytest.approx((a, b), abs=1e-4)


@settings(derandomize=True, deadline=None)
@hypothesis_given(ends=st.tuples(st.floats(0.001, 0.999), st.floats(0.001, 0.999)).map(sorted))
def test_any_proper_interval_is_met(ends: list[float]) -> None:
    low, high = ends
    if high - low < 1e-4:
        return
    fit = beta_from_interval(low, high)
    assert stats.beta.cdf([low, high], fit.a, fit.b) == pytest.approx([0.05, 0.95], abs=1e-6)


def test_intervals_without_a_law_are_refused() -> None:
    for interval in ((0.0, 0.5), (0.5, 1.0), (0.5, 0.5), (0.6, 0.4)):
        with pytest.raises(ValueError, match="Beta"):
            beta_from_interval(*interval)
    with pytest.raises(ValueError, match="harm multiple"):
        lognormal_from_interval(0.0, 1.0)


def test_lognormal_fits() -> None:
    for low, high, mu, sigma in (
        (4.0, 10.0, 1.8444, 0.2785),
        (25.0, 100.0, 3.9120, 0.4214),
        (100.0, 1000.0, 5.7565, 0.6999),
    ):
        fit = lognormal_from_interval(low, high)
        assert (fit.mu, fit.sigma) == pytest.approx((mu, sigma), abs=1e-4)
        wanted = [low, np.sqrt(low * high), high]
        assert fit.at(np.array([0.05, 0.5, 0.95])) == pytest.approx(wanted)
    assert lognormal_from_interval(1.0, 1.0).at(np.array([0.0, 0.5])).tolist() == [1, 1]


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


def test_split_is_exact_and_uses_the_closed_form_of_beta_2_2() -> None:
    success, uniforms = np.random.default_rng(72).random((2, 5000))
    detection, correction = split_success(success, uniforms)
    np.testing.assert_allclose(detection * correction, success, rtol=1e-14)
    share = np.log(detection) / np.log(success)
    np.testing.assert_allclose(share, special.betaincinv(2, 2, uniforms), atol=1e-9)


def test_implied_detection_and_two_halves_that_pull_against_each_other() -> None:
    """What the product with the marginal c ignores: corr(log d, log c) is -.55 to -.75."""
    implied = [(0.71, 0.85, 0.96), (0.52, 0.71, 0.91), (0.32, 0.55, 0.85), (0.12, 0.34, 0.75)]
    correlations = []
    for judged, expected in zip(JUDGED.values(), implied, strict=True):
        success, share = np.random.default_rng(73).random((2, 100_000))
        halves = split_success(judged.at(success), share)
        for half in halves:
            assert np.quantile(half, [0.05, 0.5, 0.95]) == pytest.approx(expected, abs=0.006)
        correlations.append(np.corrcoef(*np.log(halves))[0, 1])
    assert (min(correlations), max(correlations)) == pytest.approx((-0.75, -0.55), abs=0.02)


@pytest.mark.parametrize("name", MISALIGNMENT_TYPES)
def test_rejection_sampling_gives_the_same_law(name: str) -> None:
    """Draw s and u, keep what lies in a narrow class of d around a quantile of d."""
    generator, judged = np.random.default_rng(75), JUDGED[name]
    s = generator.beta(judged.a, judged.b, 1_500_000)
    u = generator.beta(2, 2, s.size)
    d, c = s**u, s ** (1 - u)
    uniforms = (np.arange(20_000) + 0.5) / 20_000
    for at in np.quantile(d, [0.1, 0.5, 0.9]):
        kept = c[np.abs(d - at) < 0.002]
        drawn = given(judged).at(np.full(20_000, at), uniforms)
        assert kept.size > 2000
        assert drawn.mean() == pytest.approx(kept.mean(), abs=4 * kept.std() / np.sqrt(kept.size))
        assert stats.kstest(kept[:5000], np.sort(drawn)).pvalue > 0.001


@pytest.mark.parametrize("name", MISALIGNMENT_TYPES)
def test_quadrature_over_the_split_gives_the_same_mean(name: str) -> None:
    rates = np.array([0.3, 0.6, 0.85, 0.97, 0.995])
    found = np.interp(rates, DETECTIONS, given(JUDGED[name]).means)
    assert found == pytest.approx(success_given(JUDGED[name], rates) / rates, abs=1e-3)


@pytest.mark.parametrize("name", MISALIGNMENT_TYPES)
def test_certain_detection_has_its_limit(name: str) -> None:
    """At d = 1 the density of c is proportional to p_s(c) / (log c)^2."""
    judged = JUDGED[name]
    c = np.linspace(0, 1, 200_001)[1:-1]
    density = stats.beta.pdf(c, judged.a, judged.b) / np.log(c) ** 2
    assert given(judged).means[-1] == pytest.approx((density * c).sum() / density.sum(), abs=1e-4)
    drawn = given(judged).at(np.ones(3), np.array([0.05, 0.5, 0.95]))
    cumulative = np.cumsum(density) / density.sum()
    assert drawn == pytest.approx(np.interp([0.05, 0.5, 0.95], cumulative, c), abs=2e-3)


def test_draws_rise_with_rank_and_success_with_detection() -> None:
    uniforms = np.sort(np.random.default_rng(76).random(2000))
    for judged in JUDGED.values():
        law = given(judged)
        assert np.all(np.diff(law.at(np.full(2000, 0.7), uniforms)) >= 0)
        assert np.all(np.diff(DETECTIONS * law.means) >= -1e-9)
        undetected = law.at(np.zeros(3), np.array([0.0, 0.5, 1 - 2.0**-53]))
        assert np.all((undetected >= 0) & (undetected <= 1))
        assert law.means[0] > 0.5, "a correction is left where nothing is detected"


@pytest.mark.parametrize("judged", [JudgedBeta(2.0, 0.6), JudgedBeta(0.3, 5.0)])
def test_odd_judgements_have_finite_laws(judged: JudgedBeta) -> None:
    law, one = given(judged), DETECTIONS[100:101]
    assert np.isfinite(law.table).all()
    assert np.all((law.means >= 0) & (law.means <= 1))
    assert law.means[100] == pytest.approx(success_given(judged, one)[0] / one[0], abs=2e-3)
