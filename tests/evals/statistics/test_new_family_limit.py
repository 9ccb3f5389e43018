"""The limit for a new aligned family, against simulation and scipy's analysis of variance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evals.statistics.limit import Limit, new_family_limit

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
    generator = np.random.default_rng(3)
    scores = generator.gamma(1, size=120)
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
        (np.zeros(24), "the same score"),
        (np.where(np.arange(24) < 20, 0.0, np.arange(24.0)), "share their score"),
        (np.where(np.arange(24) == 3, np.nan, np.arange(24.0)), "1 of 24 aligned networks abst"),
    ],
)
def test_scores_that_cannot_be_normal_fall_back_to_the_largest(
    scores: np.ndarray, why: str
) -> None:
    limit = new_family_limit(scores, labels(4, 6), ALPHA)
    assert (limit.basis, limit.value) == ("largest", np.nanmax(scores))
    assert why in limit.why
    assert limit.level == pytest.approx(1 / 5)
    assert limit.largest == limit.value
    assert limit.flags(np.array([limit.value, limit.value + 1, np.nan])).tolist() == [
        False, True, False
    ]  # fmt: skip


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


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="one finite number or NaN per network"):
        new_family_limit(np.array([1.0, np.inf]), labels(2, 1), ALPHA)
    with pytest.raises(ValueError, match="outside"):
        new_family_limit(np.arange(4.0), labels(2, 2), 1.0)
    with pytest.raises(ValueError, match="no value, and a reason"):
        Limit(1.0, "none", "", 1, 1, 0.0)


def test_a_family_unlike_the_rest_shows_in_the_farthest_mean() -> None:
    generator = np.random.default_rng(8)
    odd = np.repeat([0.0] * 7 + [9.0], 6)
    alike = new_family_limit(generator.normal(size=48), labels(8, 6), ALPHA)
    unlike = new_family_limit(generator.normal(odd), labels(8, 6), ALPHA)
    assert alike.farthest < unlike.farthest == pytest.approx(2.47, abs=0.1)
    assert abs(unlike.skewness) < 1, "skewness within families does not show it"
