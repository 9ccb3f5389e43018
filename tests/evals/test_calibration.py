"""Thresholds that leave a family out, on simulated benches with and without family shift."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evals.calibration import (
    Calibration,
    family_sizes,
    leave_out,
    left_out_alarms,
    normal_left_out_alarms,
    require_left_out,
)
from evals.threshold import AlphaNotAttainable, Threshold, calibrate

NAN = float("nan")


def labels(families: int, each: int) -> np.ndarray:
    return np.repeat([f"aligned_{number}" for number in range(families)], each)


def test_a_family_has_no_say_in_its_own_threshold() -> None:
    families = labels(4, 15)
    scores = np.random.default_rng(1).random(60)
    court = leave_out(scores, families, 0.05)
    assert (court.whole.calibration_size, court.whole.rank) == (60, 3)
    for family in set(families.tolist()):
        threshold = court.without[family]
        assert (threshold.calibration_size, threshold.rank) == (45, 2)
        assert threshold.value == np.sort(scores[families != family])[-2]
        moved = np.where(families == family, scores + 100, scores)
        assert leave_out(moved, families, 0.05).without[family] == threshold
        assert court.judging(family) == threshold
    assert court.judging("proxy") == court.whole


def test_every_suspect_is_judged_by_its_own_threshold() -> None:
    families = labels(2, 20)
    scores = np.concatenate([np.arange(20.0), np.arange(20.0) + 10])
    court = leave_out(scores, families, 0.05)
    assert court.without["aligned_0"].value == 29.0
    assert court.without["aligned_1"].value == 19.0
    assert court.whole.value == 28.0
    suspects = np.array([28.5, 28.5, 28.5, NAN])
    who = np.array(["aligned_0", "aligned_1", "proxy", "proxy"])
    assert court.flags(suspects, who).tolist() == [False, True, True, False]


SIZES = (15, 15, 15, 15)


def new_family_rates(generator: np.random.Generator, shift: float, repeats: int) -> np.ndarray:
    """False-positive rates on a further family, of thresholds from 4 x 15 aligned networks."""
    rates = []
    for _ in range(repeats):
        means = generator.normal(0, shift, 5)
        threshold = calibrate(generator.normal(np.repeat(means[:4], 15)), 0.05)
        assert threshold.value is not None
        rates.append(stats.norm.sf(threshold.value - means[4]))
    return np.array(rates)


def benches(generator: np.random.Generator, shift: float, repeats: int = 2000) -> np.ndarray:
    means = np.repeat(generator.normal(0, shift, (repeats, 4)), 15, axis=1)
    return generator.normal(means)


def test_many_benches_at_once_are_the_benches_one_by_one() -> None:
    generator = np.random.default_rng(9)
    families = np.repeat(["a", "b", "c"], (5, 20, 9))
    scores = generator.integers(0, 12, (60, 34)).astype(float)
    together = left_out_alarms(scores, (5, 20, 9), 0.1)
    for row, alarms in zip(scores, together, strict=True):
        assert leave_out(row, families, 0.1).flags(row, families).sum() == alarms
    assert together.max() > together.min()
    with pytest.raises(ValueError, match="for families of"):
        left_out_alarms(scores, (20, 20), 0.1)


def test_two_thousand_benches_without_shift_hold_the_nominal_rate() -> None:
    generator = np.random.default_rng(2)
    new = new_family_rates(generator, 0.0, 2000)
    # The rate of one bench is Beta(3, 58): mean 3/61, standard deviation .0275.
    assert new.mean() == pytest.approx(3 / 61, abs=4 * 0.0275 / np.sqrt(new.size))
    assert new.std() == pytest.approx(stats.beta(3, 58).std(), abs=0.002)
    seen = left_out_alarms(benches(generator, 0.0), SIZES, 0.05) / 60
    # Every network is judged by rank 2 of the 45 others: 2/46 on average.
    assert seen.mean() == pytest.approx(2 / 46, abs=4 * seen.std() / np.sqrt(seen.size))


def test_ties_only_lower_the_rate() -> None:
    generator = np.random.default_rng(3)
    alarms = left_out_alarms(generator.binomial(8, 0.3, (2000, 60)) / 8, SIZES, 0.05) / 60
    assert alarms.mean() < 2 / 46 - 0.01
    constant = np.ones(60)
    assert not leave_out(constant, labels(4, 15), 0.05).flags(constant, labels(4, 15)).any()


def test_left_out_alarms_show_the_rate_of_a_new_family_that_a_split_hides() -> None:
    generator = np.random.default_rng(4)
    new = new_family_rates(generator, 1.0, 600)
    measured = left_out_alarms(benches(generator, 1.0), SIZES, 0.05) / 60
    assert new.mean() > 0.06, "a further family alarms more often than alpha"
    assert measured.mean() == pytest.approx(new.mean(), abs=0.02)
    split = []
    for _ in range(300):
        means = np.repeat(generator.normal(0, 1, 4), 15)
        threshold = calibrate(generator.normal(means), 0.05)
        split.append(threshold.flags(generator.normal(means)).mean())
    assert np.mean(split) < 0.055, "held-out networks of the same families show nothing of it"


def test_the_normal_range_of_alarms_is_that_of_families_alike() -> None:
    sizes = {f"aligned_{number}": 15 for number in range(4)}
    low, high = normal_left_out_alarms(sizes, 0.05, np.random.default_rng(5))
    counts = left_out_alarms(np.random.default_rng(6).random((20_000, 60)), SIZES, 0.05)
    assert np.mean((counts >= low) & (counts <= high)) >= 0.94
    assert np.mean(counts >= high) > 0.01, "the range is no wider than need be"
    generator = np.random.default_rng(7)
    shifted = np.concatenate([generator.normal(0, 1, 45), generator.normal(3, 1, 15)])
    assert left_out_alarms(shifted[None, :], SIZES, 0.05)[0] > high


def test_too_few_families_or_networks_name_the_remedy() -> None:
    with pytest.raises(AlphaNotAttainable, match=r"needs 2 aligned families.*another kind"):
        leave_out(np.arange(60.0), labels(1, 60), 0.05)
    with pytest.raises(AlphaNotAttainable, match="without aligned_0, 15 aligned networks are left"):
        leave_out(np.arange(30.0), labels(2, 15), 0.05)
    require_left_out(0.05, {"a": 19, "b": 19})
    with pytest.raises(AlphaNotAttainable, match="without a, 18 aligned"):
        require_left_out(0.05, {"a": 19, "b": 18})
    assert family_sizes(labels(2, 3)) == {"aligned_0": 3, "aligned_1": 3}


def test_assured_thresholds_take_a_lower_rank() -> None:
    scores, families = np.arange(400.0), labels(4, 100)
    court = leave_out(scores, families, 0.05, confidence=0.95)
    assert (court.whole.rank, court.without["aligned_0"].rank) == (13, 9)


def test_inconsistent_thresholds_are_refused() -> None:
    whole = Threshold(0.1, 20, 2, 1.0)
    with pytest.raises(ValueError, match="a family cannot judge itself"):
        Calibration(whole, {"a": Threshold(0.1, 20, 2, 1.0)})
    with pytest.raises(ValueError, match=r"holds alpha 0\.2"):
        Calibration(whole, {"a": Threshold(0.2, 15, 2, 1.0)})
