"""Alarm limits, against the Beta law, simulation and scipy's analysis of variance."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from evals.statistics.limit import (
    AlphaNotAttainable,
    Limit,
    attainable_rank,
    new_family_limit,
    p_values,
    rank_limit,
    require_attainable,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("size", "five", "one"),
    [(18, 0, 0), (19, 1, 0), (39, 2, 0), (59, 3, 0), (99, 5, 1), (298, 14, 2), (299, 15, 3)],
)
def test_ranks_of_the_usual_calibration_sizes(size: int, five: int, one: int) -> None:
    assert (attainable_rank(0.05, size), attainable_rank(0.01, size)) == (five, one)


@pytest.mark.parametrize(("size", "sd", "upper"), [(19, 0.048, 0.146), (99, 0.022, 0.090)])
def test_realised_rate_follows_the_beta_law(size: int, sd: float, upper: float) -> None:
    """The rate of a threshold on uniform scores is 1 - value."""
    scores = np.random.default_rng(11).random((4000, size))
    realised = 1 - np.array([rank_limit(row, 0.05).value for row in scores], dtype=float)
    assert realised.mean() == pytest.approx(0.05, abs=4 * sd / np.sqrt(realised.size))
    assert realised.std() == pytest.approx(sd, abs=0.003)
    assert np.quantile(realised, 0.95) == pytest.approx(upper, abs=0.008)


def test_ties_count_against_flagging() -> None:
    generator = np.random.default_rng(13)
    scores = np.arange(9) / 8
    mass = stats.binom.pmf(np.arange(9), 8, 0.3)
    strict, lax = [], []
    for _ in range(4000):
        threshold = rank_limit(generator.binomial(8, 0.3, 59) / 8, 0.05)
        strict.append(mass[threshold.flags(scores)].sum())
        lax.append(mass[scores >= (threshold.value or 0.0)].sum())
    assert np.mean(strict) == pytest.approx(0.026, abs=0.002)
    assert np.mean(lax) == pytest.approx(0.102, abs=0.004)


def test_too_few_networks_never_flag() -> None:
    threshold = rank_limit(np.arange(18.0), 0.05)
    assert (threshold.basis, threshold.value, threshold.level) == ("none", None, 0)
    assert not threshold.flags(np.array([1e9, np.inf])).any()


@settings(derandomize=True)
@given(alpha=st.floats(0.001, 0.999))
@example(0.05)
@example(0.01)
def test_the_network_count_in_the_error_is_the_smallest_that_works(alpha: float) -> None:
    with pytest.raises(AlphaNotAttainable) as caught:
        require_attainable(alpha, 0)
    needed = int(str(caught.value).split("at least ")[1].split()[0])
    require_attainable(alpha, needed)
    assert attainable_rank(alpha, needed) >= 1
    assert attainable_rank(alpha, needed - 1) == 0
    assert {0.05: 19, 0.01: 99}.get(alpha, needed) == needed


scores_with_ties = st.lists(
    st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0, np.inf, NAN]), max_size=40
).map(lambda values: np.array(values, dtype=float))


@settings(derandomize=True)
@given(
    calibration=scores_with_ties,
    scores=scores_with_ties,
    alpha=st.sampled_from([0.01, 0.05, 0.1, 0.25, 0.5, 0.9]),
)
def test_p_values_and_threshold_flag_the_same(
    calibration: np.ndarray, scores: np.ndarray, alpha: float
) -> None:
    flags = rank_limit(calibration, alpha).flags(scores)
    p = p_values(calibration, scores)
    np.testing.assert_array_equal(flags, p <= alpha + 1e-12)
    assert not flags[np.isnan(scores)].any()
    assert np.all(p[np.isnan(scores)] == 1)


@settings(derandomize=True)
@given(calibration=scores_with_ties, scores=scores_with_ties)
def test_order_and_scale_of_scores_do_not_matter(
    calibration: np.ndarray, scores: np.ndarray
) -> None:
    flags = rank_limit(calibration, 0.1).flags(scores)
    rescaled = rank_limit(3 * calibration[::-1] - 7, 0.1).flags(3 * scores - 7)
    np.testing.assert_array_equal(flags, rescaled)


def test_a_rank_is_a_limit_for_the_families_that_set_it() -> None:
    limit = rank_limit(np.arange(19.0), 0.05, families=2)
    assert (limit.basis, limit.value, limit.families, limit.networks) == ("rank", 18.0, 2, 19)
    assert limit.level == pytest.approx(0.05)
    assert limit.flags(np.array([18.0, 18.5])).tolist() == [False, True]
    abstaining = rank_limit(np.array([NAN] * 10 + list(range(10))), 0.1)
    assert (abstaining.networks, abstaining.value) == (20, 8.0)
    silent = rank_limit(np.full(19, NAN), 0.05)
    assert silent.value is None
    assert silent.flags(np.array([-1e9, NAN])).tolist() == [True, False]


ALPHA = 0.05


def labels(families: int, each: int) -> np.ndarray:
    return np.repeat([f"aligned_{number}" for number in range(families)], each)


def realised(families: int, spread: float, repeats: int = 1500, *, skewed: bool = False) -> float:
    """Share of a new family's networks above the limit that families of six set."""
    generator = np.random.default_rng([families, int(10 * spread)])

    def noise(*shape: int) -> np.ndarray:
        if skewed:
            return (generator.gamma(4, size=shape) - 4) / 2
        return generator.standard_normal(shape)

    shares = []
    for _ in range(repeats):
        scores = noise(families + 1, 6) + spread * noise(families + 1, 1)
        limit = new_family_limit(scores[:-1].ravel(), labels(families, 6), ALPHA)
        assert limit.basis == "random_effects"
        shares.append(np.mean(scores[-1] > limit.value))
    return float(np.mean(shares))


@pytest.mark.parametrize("families", [4, 8, 20])
@pytest.mark.parametrize("spread", [0.0, 1.0, 2.0])
def test_a_new_family_exceeds_the_limit_as_often_as_asked(families: int, spread: float) -> None:
    # One family's share has a standard deviation of at most .19 (spread 2), .005 over the repeats.
    assert realised(families, spread) == pytest.approx(0.0525, abs=0.0145)


def test_skewed_scores_exceed_it_more_often_and_the_skewness_is_kept() -> None:
    assert 0.05 < realised(8, 1.0, skewed=True) < 0.09
    scores = np.random.default_rng(3).gamma(1, size=120)
    assert new_family_limit(scores, labels(8, 15), ALPHA).skewness > 0.5


def test_mean_squares_are_those_of_an_analysis_of_variance() -> None:
    generator = np.random.default_rng(1)
    scores = generator.normal(np.repeat([0.0, 1.0, 3.0, 2.0], 6))
    groups = scores.reshape(4, 6)
    msw = groups.var(axis=1, ddof=1).mean()
    msb = stats.f_oneway(*groups).statistic * msw
    parts = msb * (1 + 1 / 4) / 6, msw * (1 - 1 / 6)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 3 + parts[1] ** 2 / (4 * 5))
    wanted = scores.mean() + stats.t.ppf(0.95, freedom) * np.sqrt(sum(parts))
    assert new_family_limit(scores, labels(4, 6), ALPHA).value == pytest.approx(wanted)


def test_families_of_unequal_size_hold_the_rate() -> None:
    generator = np.random.default_rng(2)
    sizes = [3, 4, 5, 6, 7, 8, 9, 6]
    names = np.repeat([f"f{number}" for number in range(8)], sizes)
    shares = []
    for _ in range(2000):
        means = generator.normal(size=9)
        scores = generator.normal(np.repeat(means[:8], sizes))
        limit = new_family_limit(scores, names, ALPHA)
        shares.append(stats.norm.sf(limit.value - means[8]))
    assert np.mean(shares) == pytest.approx(0.052, abs=0.008)


def test_it_sees_more_than_the_rank_of_the_pooled_networks_where_families_are_few() -> None:
    generator = np.random.default_rng(4)
    model, pooled = [], []
    for _ in range(800):
        scores = generator.standard_normal((6, 6)) + generator.standard_normal((6, 1))
        flawed = scores[5] + 3.5
        aligned = scores[:5].ravel()
        model.append(np.mean(flawed > new_family_limit(aligned, labels(5, 6), ALPHA).value))
        pooled.append(np.mean(flawed > np.sort(aligned)[-1]))  # rank 1 of 30
    assert np.mean(model) == pytest.approx(0.71, abs=0.04)
    assert np.mean(model) > np.mean(pooled) - 0.02


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        (np.zeros(24), "same score"),
        (np.where(np.arange(24) < 20, 0.0, np.arange(24.0)), "share"),
        (np.where(np.arange(24) == 3, np.nan, np.arange(24.0)), "1 of 24"),
    ],
)
def test_scores_that_cannot_be_normal_fall_back_to_the_largest(
    scores: np.ndarray, why: str
) -> None:
    limit = new_family_limit(scores, labels(4, 6), ALPHA)
    assert limit.basis == "largest"
    assert limit.value == limit.largest == np.nanmax(scores)
    assert limit.level == pytest.approx(1 / 5)
    assert why in limit.why
    suspects = np.array([limit.value, limit.value + 1, np.nan])
    assert limit.flags(suspects).tolist() == [False, True, False]


def test_the_largest_score_holds_its_level_whatever_the_distribution() -> None:
    generator = np.random.default_rng(5)
    alarms = []
    for _ in range(2000):
        scores = generator.standard_cauchy((6, 4)) + 5 * generator.standard_cauchy((6, 1))
        alarms.append(scores[-1].max() > scores[:-1].max())
    assert np.mean(alarms) == pytest.approx(1 / 6, abs=4 * np.sqrt(5 / 36 / 2000))


def test_nothing_is_flagged_by_one_family_and_everything_where_all_abstained() -> None:
    lone = new_family_limit(np.arange(6.0), labels(1, 6), ALPHA)
    assert (lone.basis, lone.value, lone.level) == ("none", None, 0.0)
    assert not lone.flags(np.array([1e9])).any()
    silent = new_family_limit(np.full(12, np.nan), labels(2, 6), ALPHA)
    assert (silent.basis, silent.value) == ("largest", None)
    assert silent.flags(np.array([0.0, np.nan])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        *((lambda alpha=alpha: rank_limit(np.arange(5.0), alpha), "outside")
          for alpha in (0.0, 1.0, -0.1, NAN)),
        (lambda: new_family_limit(np.array([1.0, np.inf]), labels(2, 1), ALPHA), "finite"),
        (lambda: Limit(1.0, "none", "", 1, 1, 0.0), "reason"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(make: Callable[[], Limit], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make()


def test_a_family_unlike_the_rest_shows_in_the_farthest_mean() -> None:
    generator = np.random.default_rng(8)
    odd = np.repeat([0.0] * 7 + [9.0], 6)
    alike = new_family_limit(generator.normal(size=48), labels(8, 6), ALPHA)
    unlike = new_family_limit(generator.normal(odd), labels(8, 6), ALPHA)
    assert alike.farthest < unlike.farthest == pytest.approx(2.47, abs=0.1)
    assert abs(unlike.skewness) < 1, "skewness within families does not show it"
