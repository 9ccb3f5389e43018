"""The new-family posterior against its exact grid, symmetry, calibration and coverage."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from worked_example import families, frozen_rho, posterior

from evals.statistics.family_posterior import CELLS, FamilyCount, FamilyPosterior, family_posterior
from evals.statistics.rates import rate

MIDPOINTS = (np.arange(CELLS) + 0.5) / CELLS

REFERENCE = [  # detected of 20 per family; mean; 5%, 50% and 95% quantiles; E rho
    ((10, 10), 0.500, 0.054, 0.500, 0.946, 0.190),
    ((10, 12, 9), 0.513, 0.143, 0.516, 0.874, 0.131),
    ((18, 19, 20), 0.821, 0.132, 0.936, 1.000, 0.315),
    ((2, 12, 19), 0.534, 0.002, 0.5615, 0.9994, 0.447),
    ((9, 1, 15), 0.431, 0.0017, 0.390, 0.988, 0.379),
    ((16,) * 5, 0.773, 0.5565, 0.791, 0.931, 0.057),
    ((20,) * 5, 0.916, 0.060, 1.000, 1.000, 0.680),
    ((3, 9, 14, 18, 20), 0.625, 0.0194, 0.708, 0.9998, 0.432),
]


def posterior_of(detected: Iterable[int], of: int = 20) -> FamilyPosterior:
    return posterior(families(*map(int, detected), of=of))


@pytest.mark.parametrize(("detected", "mean", "low", "middle", "high", "rho"), REFERENCE)
def test_reference_posteriors(
    detected: tuple[int, ...], mean: float, low: float, middle: float, high: float, rho: float
) -> None:
    found = posterior_of(detected)
    assert found.mean == pytest.approx(mean, abs=0.005)
    assert found.weights.sum(axis=0) @ MIDPOINTS == pytest.approx(rho, abs=0.005)
    for probability, expected in ((0.05, low), (0.5, middle), (0.95, high)):
        assert found.quantile(probability) == pytest.approx(expected, abs=0.005)


@pytest.mark.slow
@settings(derandomize=True, max_examples=20, deadline=None)
@given(
    pairs=st.lists(
        st.integers(1, 20).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        min_size=1,
        max_size=5,
    )
)
def test_families_may_be_reordered_and_mirrored(pairs: list[tuple[int, int]]) -> None:
    counts = [FamilyCount(f"family-{i}", k, n) for i, (k, n) in enumerate(pairs)]
    mirrored = [FamilyCount(count.family, count.of - count.detected, count.of) for count in counts]
    straight, backward, flipped = map(posterior, (counts, counts[::-1], mirrored))
    np.testing.assert_array_equal(straight.weights, backward.weights)
    assert flipped.mean == pytest.approx(1 - straight.mean, abs=1e-9)
    for probability in (0.05, 0.5, 0.9):
        expected = 1 - straight.quantile(1 - probability)
        assert flipped.quantile(probability) == pytest.approx(expected, abs=1e-6)


def test_draws_follow_the_cdf() -> None:
    found = posterior_of((9, 1, 15))
    draws = found.draws(np.random.default_rng(31), 20_000)
    for probability in (0.05, 0.25, 0.5, 0.75, 0.95):
        below = np.mean(draws <= found.quantile(probability))
        assert below == pytest.approx(probability, abs=0.012)
    assert draws.mean() == pytest.approx(found.mean, abs=0.01)


def simulate_ranks(n_families: int, of: int, *, naive: bool) -> np.ndarray:
    """Ranks 0..99 of a new family's true rate among 99 draws, the truth drawn from the prior."""
    generator = np.random.default_rng([41, n_families, of])
    ranks = []
    for _ in range(1500):
        mean, rho = generator.random(2)
        size = (1 - rho) / rho
        truth = generator.beta(mean * size, (1 - mean) * size, n_families + 1)
        detected = generator.binomial(of, truth[:-1])
        if naive:
            hits, misses = detected.sum(), (of - detected).sum()
            draws = generator.beta(1 + hits, 1 + misses, 99)
        else:
            draws = posterior_of(detected, of).draws(generator, 99)
        # Rates at 0 and 1 tie when rho is near 1; ties are broken at random.
        below, tied = np.sum(draws < truth[-1]), np.sum(draws == truth[-1])
        ranks.append(below + generator.integers(tied + 1))
    return np.array(ranks)


@pytest.mark.slow
@pytest.mark.parametrize(("n_families", "of"), [(2, 10), (3, 20)])
def test_simulation_based_calibration(n_families: int, of: int) -> None:
    bins = np.bincount(simulate_ranks(n_families, of, naive=False) // 5, minlength=20)
    assert stats.chisquare(bins).pvalue > 0.001


def test_pooling_all_networks_fails_the_same_calibration() -> None:
    ranks = simulate_ranks(3, 20, naive=True)
    assert stats.chisquare(np.bincount(ranks // 5, minlength=20)).pvalue < 1e-6
    assert np.mean((ranks < 5) | (ranks >= 95)) > 0.6


def test_coverage_of_a_new_family_where_pooling_fails() -> None:
    generator = np.random.default_rng(51)
    held = pooled_held = 0
    for _ in range(500):
        truth = special.expit(generator.normal(1, 1, 4))
        detected = generator.binomial(20, truth[:3])
        held += 0.05 <= posterior_of(detected).cdf(truth[3]) <= 0.95
        pooled = rate(int(detected.sum()), 60, level=0.9).interval
        pooled_held += pooled[0] <= truth[3] <= pooled[1]
    assert held / 500 >= 0.90
    assert pooled_held / 500 <= 0.60


@settings(derandomize=True, max_examples=15, deadline=None)
@given(detected=st.lists(st.integers(0, 20), min_size=2, max_size=5), raised=st.integers(0, 4))
def test_more_detections_never_lower_a_draw_at_fixed_rho(detected: list[int], raised: int) -> None:
    raised %= len(detected)
    if detected[raised] == 20:
        detected[raised] = 19
    before = posterior_of(detected)
    after = frozen_rho(families(*(k + (i == raised) for i, k in enumerate(detected))), before)
    for level in np.linspace(0.01, 0.99, 15):
        assert after.cdf(level) <= before.cdf(level) + 1e-12


def test_more_detections_hardly_lower_the_mean_when_rho_is_learnt() -> None:
    generator = np.random.default_rng(62)
    for _ in range(40):
        detected = generator.integers(0, 20, generator.integers(2, 6))
        mean = posterior_of(detected).mean
        assert posterior_of([detected[0] + 1, *detected[1:]]).mean >= mean - 0.005
        assert posterior_of(detected + 1).mean >= mean


def test_no_networks_is_no_posterior_and_bad_counts_are_refused() -> None:
    assert family_posterior([]) is family_posterior([FamilyCount("a", 0, 0)]) is None
    with_empty = posterior([FamilyCount("a", 3, 9), FamilyCount("b", 0, 0)])
    assert [count.family for count in with_empty.counts] == ["a"]
    for counts, word in (
        ([("a", 5, 4)], "5 detected"), ([("a", -1, 4)], "-1"), ([("a", 1, 4), ("a", 2, 4)], "twice")
    ):  # fmt: skip
        with pytest.raises(ValueError, match=word):
            family_posterior([FamilyCount(*count) for count in counts])


def test_one_or_two_families_say_nothing_whatever_their_size() -> None:
    assert posterior_of((5, 5), 10).says_nothing
    large = posterior_of((1000, 1000), 2000)
    assert large.says_nothing
    low, high = large.interval()
    assert high - low > 0.8
    assert "2000 networks of 1 family" in posterior_of((9,), 2000).sentence
    assert "0.05-0.95" in posterior_of((10, 10)).sentence
    assert not posterior_of((10, 10, 10)).says_nothing


def test_all_or_none_detected_leaves_a_bound_to_the_prior() -> None:
    for detected, bound in (((20,) * 5, "lower bound"), ((0,) * 5, "upper bound")):
        assert bound in posterior_of(detected).sentence
    assert not posterior_of((20, 20, 19)).prior_sets_bound
