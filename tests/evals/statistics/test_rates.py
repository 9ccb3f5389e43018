"""Rates and AUROC against exact enumeration, scipy and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evals.statistics.rates import auroc, rate

NAN = float("nan")


@settings(derandomize=True)
@given(of=st.integers(1, 60), share=st.floats(0, 1), level=st.sampled_from([0.8, 0.9, 0.95]))
def test_interval_equals_scipy_exact(of: int, share: float, level: float) -> None:
    detected = round(share * of)
    expected = stats.binomtest(detected, of).proportion_ci(level, method="exact")
    assert rate(detected, of, level=level).interval == pytest.approx(tuple(expected), abs=1e-9)


@settings(derandomize=True, max_examples=40)
@given(of=st.integers(1, 40), truth=st.floats(0.001, 0.999))
def test_interval_covers_any_truth(of: int, truth: float) -> None:
    low, high = np.transpose([rate(k, of, level=0.9).interval for k in range(of + 1)])
    holds = (low <= truth) & (truth <= high)
    assert stats.binom.pmf(np.arange(of + 1), of, truth)[holds].sum() >= 0.9 - 1e-9


def test_text_carries_the_counts_and_the_interval() -> None:
    assert rate(4, 4).text == "4 of 4 (0.40-1.00)"
    assert rate(4, 6, abstained=2).text == "4 of 6 (0.22-0.96), 2 abstained"
    empty = rate(0, 0)
    assert (empty.text, empty.value, empty.interval) == ("0 of 0 (no networks)", None, None)


@pytest.mark.parametrize(
    ("detected", "of", "abstained", "level"),
    [(5, 4, 0, 0.9), (-1, 4, 0, 0.9), (1, -1, 0, 0.9), (3, 4, 2, 0.9), (1, 4, -1, 0.9),
     (2, 4, 0, 95.0)],
)  # fmt: skip
def test_impossible_counts_and_a_coverage_in_percent_are_refused(
    detected: int, of: int, abstained: int, level: float
) -> None:
    with pytest.raises(ValueError, match=r"abstained|level"):
        rate(detected, of, abstained=abstained, level=level)


few_scores = st.lists(st.sampled_from([-1.0, 0.0, 1.0, 2.0, NAN]), min_size=1, max_size=12).map(
    lambda values: np.array(values, dtype=float)
)


@settings(derandomize=True)
@given(positives=few_scores, negatives=few_scores)
def test_auroc_counts_pairs_and_mirrors(positives: np.ndarray, negatives: np.ndarray) -> None:
    """An abstention (NaN) lies below every score."""
    measured = auroc(positives, negatives)
    high, low = np.nan_to_num(positives, nan=-99), np.nan_to_num(negatives, nan=-99)
    pairs = np.sign(high[:, None] - low[None, :]) / 2 + 0.5
    assert measured.value == pytest.approx(pairs.mean(), abs=1e-12)
    mirrored = auroc(negatives, positives)
    assert mirrored.value == pytest.approx(1 - pairs.mean(), abs=1e-12)
    low_end, high_end = measured.interval
    assert low_end <= pairs.mean() <= high_end
    assert mirrored.interval == pytest.approx((1 - high_end, 1 - low_end), abs=1e-9)


def test_constant_score_is_chance_and_one_side_is_none() -> None:
    assert auroc(np.ones(5), np.ones(7)).value == 0.5
    lonely = auroc(np.ones(5), np.array([]))
    assert (lonely.value, lonely.interval, lonely.positives, lonely.negatives) == (None, None, 5, 0)


def test_perfect_separation_keeps_a_width() -> None:
    interval = auroc(np.arange(10.0) + 10, np.arange(10.0)).interval
    assert interval[1] == 1
    assert 0.7 < interval[0] < 0.9


@pytest.mark.parametrize(("size", "shift"), [(10, 1.19), (20, 1.19), (10, 2.33)])
def test_auroc_interval_covers_a_binormal_truth(size: int, shift: float) -> None:
    generator = np.random.default_rng(21)
    truth = stats.norm.cdf(shift / np.sqrt(2))
    held = 0
    for _ in range(600):
        interval = auroc(generator.normal(shift, 1, size), generator.normal(0, 1, size)).interval
        held += interval[0] <= truth <= interval[1]
    assert held / 600 >= 0.92
