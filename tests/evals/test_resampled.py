"""How far P(detect) moves, against the spread of benches drawn anew."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evals.resampled import Moved, moved
from evals.threshold import calibrate

EVERY = np.ones(4000, dtype=bool)


def spread(size: int, seed: int) -> tuple[float, float]:
    """Mean 5% and 95% ends over benches of a binormal detector with d' = 2.5."""
    generator = np.random.default_rng(seed)
    ends = []
    for _ in range(60):
        calibration = generator.normal(size=size)
        (one,) = moved(
            calibration, np.repeat("a", size), generator.normal(2.5, 1, 4000), {"proxy": EVERY},
            0.05, generator,
        )  # fmt: skip
        ends.append((one.low, one.high))
    low, high = np.mean(ends, axis=0)
    return float(low), float(high)


def test_resampling_spreads_like_benches_drawn_anew() -> None:
    generator = np.random.default_rng(7)
    anew = [
        stats.norm.sf((calibrate(generator.normal(size=99), 0.05).value or 0) - 2.5)
        for _ in range(2000)
    ]
    # Reference: .67 to .88 with 99 calibration networks.
    assert np.quantile(anew, (0.05, 0.95)) == pytest.approx((0.67, 0.88), abs=0.015)
    low, high = spread(99, 8)
    assert high - low == pytest.approx(0.88 - 0.67, abs=0.05)
    assert (low, high) == pytest.approx((0.67, 0.88), abs=0.06)


def test_few_controls_move_the_rate_more_than_many() -> None:
    few, many = spread(19, 9), spread(299, 10)
    assert few[1] - few[0] > 2 * (many[1] - many[0])


def test_the_range_over_left_out_families_is_that_of_their_thresholds() -> None:
    calibration = np.array([*range(20), *range(5, 25), *range(10, 30)], dtype=float)
    families = np.repeat(["a", "b", "c"], 20)
    scores = np.arange(0.0, 40.0)
    groups = {"proxy": scores >= 0}
    (one,) = moved(calibration, families, scores, groups, 0.05, np.random.default_rng(1))
    shares = [calibrate(calibration[families != f], 0.05).flags(scores).mean() for f in "abc"]
    assert (one.lowest, one.highest) == (min(shares), max(shares))


def test_abstentions_never_count_as_flagged() -> None:
    calibration = np.full(20, np.nan)
    scores = np.array([np.nan, -5.0])
    groups = {"proxy": np.array([True, True])}
    (one,) = moved(
        calibration, np.repeat("a", 20), scores, groups, 0.05, np.random.default_rng(1)
    )  # fmt: skip
    assert (one.low, one.high, one.lowest, one.highest) == (0.5, 0.5, 0.5, 0.5)


def test_what_cannot_be_resampled_is_refused() -> None:
    generator = np.random.default_rng(1)
    with pytest.raises(ValueError, match="cannot hold alpha"):
        moved(np.arange(5.0), np.repeat("a", 5), np.zeros(1), {}, 0.05, generator)
    with pytest.raises(ValueError, match="'proxy' has no networks"):
        moved(
            np.arange(20.0), np.repeat("a", 20), np.zeros(1), {"proxy": np.array([False])}, 0.05,
            generator,
        )  # fmt: skip
    with pytest.raises(ValueError, match="rising"):
        Moved("proxy", 0.9, 0.5, 1.0, 0.0, 1.0)
    with pytest.raises(ValueError, match="no range"):
        Moved("proxy", 0.1, 0.5, 1.0, 0.9, 0.1)
