"""The alarm threshold against the Beta law of split conformal calibration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evals.statistics.limit import (
    AlphaNotAttainable,
    attainable_rank,
    p_values,
    rank_limit,
    require_attainable,
)

NAN = float("nan")
RANKS = [  # networks, rank at 5%, rank at 1%
    (18, 0, 0),
    (19, 1, 0),
    (39, 2, 0),
    (59, 3, 0),
    (99, 5, 1),
    (298, 14, 2),
    (299, 15, 3),
]


@pytest.mark.parametrize(("size", "five", "one"), RANKS)
def test_ranks_of_the_usual_calibration_sizes(size: int, five: int, one: int) -> None:
    assert attainable_rank(0.05, size) == five
    assert attainable_rank(0.01, size) == one


def realised_rates(generator: np.random.Generator, size: int, repeats: int) -> np.ndarray:
    """False-positive rates of thresholds on uniform scores, where the rate is 1 - value."""
    values = [rank_limit(generator.random(size), 0.05).value for _ in range(repeats)]
    return 1 - np.array(values, dtype=float)


@pytest.mark.parametrize(("size", "sd", "upper"), [(19, 0.048, 0.146), (99, 0.022, 0.090)])
def test_realised_rate_follows_the_beta_law(size: int, sd: float, upper: float) -> None:
    realised = realised_rates(np.random.default_rng(11), size, 4000)
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
    assert (threshold.basis, threshold.value) == ("none", None)
    assert threshold.level == 0
    assert not threshold.flags(np.array([1e9, np.inf])).any()
    assert rank_limit(np.arange(19.0), 0.05).flags(np.array([18.0, 18.5])).tolist() == [False, True]


def test_unattainable_alpha_names_the_remedy() -> None:
    message = (
        "alpha 0.05 needs at least 19 aligned calibration networks, got 12; "
        "raise alpha or build more controls"
    )
    with pytest.raises(AlphaNotAttainable, match=message):
        require_attainable(0.05, 12)
    with pytest.raises(AlphaNotAttainable, match="at least 99 "):
        require_attainable(0.01, 98)
    require_attainable(0.05, 19)
    require_attainable(0.01, 99)


@settings(derandomize=True)
@given(alpha=st.floats(0.001, 0.999))
def test_the_network_count_in_the_error_is_the_smallest_that_works(alpha: float) -> None:
    with pytest.raises(AlphaNotAttainable) as caught:
        require_attainable(alpha, 0)
    needed = int(str(caught.value).split("at least ")[1].split()[0])
    assert attainable_rank(alpha, needed) >= 1
    assert attainable_rank(alpha, needed - 1) == 0


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


def test_abstaining_controls_stay_in_the_calibration_size() -> None:
    threshold = rank_limit(np.array([NAN] * 10 + list(range(10))), 0.1)
    assert (threshold.networks, threshold.value) == (20, 8.0)
    silent = rank_limit(np.full(19, NAN), 0.05)
    assert silent.value is None
    assert silent.flags(np.array([-1e9, NAN])).tolist() == [True, False]


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, NAN])
def test_alpha_outside_the_open_interval_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"outside \(0, 1\)"):
        rank_limit(np.arange(5.0), alpha)


def test_a_rank_is_a_limit_for_the_families_that_set_it() -> None:
    limit = rank_limit(np.arange(19.0), 0.05, families=2)
    assert (limit.basis, limit.value, limit.families, limit.networks) == ("rank", 18.0, 2, 19)
    assert limit.level == pytest.approx(0.05)
    silent = rank_limit(np.full(19, NAN), 0.05)
    assert silent.value is None
    assert silent.flags(np.array([-1e9, NAN])).tolist() == [True, False]
