"""Aligned networks for a false-positive rate, against reference numbers and simulated suites."""

import math

import numpy as np
import pytest
from scipy import stats

from evals.certify import (
    allowed_alarms,
    chance_to_certify,
    highest_false_alarm_rate,
    networks_for_chance,
    networks_to_calibrate,
    networks_to_certify,
    upper_bound,
)
from evals.risk.predictive_value import predictive_value
from evals.threshold import AlphaNotAttainable, require_attainable


@pytest.mark.parametrize(
    ("false_alarm_rate", "sizes"),
    [(0.05, (59, 93, 124, 153, 208)), (0.01, (299, 473, 628, 773, 1049))],
)
def test_networks_to_certify_match_the_reference(
    false_alarm_rate: float, sizes: tuple[int, ...]
) -> None:
    for alarms, size in zip((0, 1, 2, 3, 5), sizes, strict=True):
        assert networks_to_certify(false_alarm_rate, alarms) == size
        assert stats.binomtest(alarms, size, false_alarm_rate, alternative="less").pvalue <= 0.05
        shy = stats.binomtest(alarms, size - 1, false_alarm_rate, alternative="less")
        assert shy.pvalue > 0.05
        assert upper_bound(alarms, size) <= false_alarm_rate < upper_bound(alarms, size - 1)


@pytest.mark.parametrize(
    ("controls", "bound"),
    [(19, 0.146), (20, 0.139), (30, 0.095), (59, 0.050), (99, 0.030), (299, 0.010)],
)
def test_no_alarms_leave_the_reference_bounds_open(controls: int, bound: float) -> None:
    assert upper_bound(0, controls) == pytest.approx(bound, abs=0.0005)
    assert upper_bound(0, controls) == pytest.approx(1 - 0.05 ** (1 / controls))


def test_alarms_on_every_control_leave_every_rate_open() -> None:
    assert upper_bound(3, 3) == 1.0


# The reference says 630 for the last; the first size that reaches 80% is 628 (chance .867), where a
# second alarm becomes allowed; at 627 the chance is .64.
@pytest.mark.parametrize(
    ("false_alarm_rate", "truth", "size"),
    [(0.05, 0.01, 124), (0.05, 0.02, 234), (0.05, 0.03, 601), (0.01, 0.002, 628)],
)
def test_networks_for_a_chance_match_the_reference(
    false_alarm_rate: float, truth: float, size: int
) -> None:
    assert networks_for_chance(false_alarm_rate, truth) == size
    chances = [chance_to_certify(false_alarm_rate, truth, one) for one in range(1, size + 1)]
    assert chances[-1] >= 0.8 > max(chances[:-1])


@pytest.mark.slow
def test_the_chance_to_certify_matches_simulated_suites() -> None:
    alarms = np.random.default_rng(3).binomial(93, 0.01, 4000)
    certified = np.mean([upper_bound(int(count), 93) <= 0.05 for count in alarms])
    assert chance_to_certify(0.05, 0.01, 93) == pytest.approx(certified, abs=0.02)


def test_one_more_control_may_lower_the_chance() -> None:
    assert chance_to_certify(0.05, 0.02, 92) < chance_to_certify(0.05, 0.02, 59)


def test_too_few_controls_certify_nothing() -> None:
    assert allowed_alarms(0.05, 58) is None
    assert chance_to_certify(0.05, 0.001, 58) == 0.0
    assert allowed_alarms(0.05, 59) == 0
    assert allowed_alarms(0.05, 152) == 2


def test_a_detector_tuned_to_a_rate_cannot_certify_it() -> None:
    for controls in (59, 200, 2000):
        assert chance_to_certify(0.05, 0.05, controls) <= 0.05
    for truth in (0.05, 0.06):
        with pytest.raises(ValueError, match="cannot be certified"):
            networks_for_chance(0.05, truth)


def test_a_true_rate_just_below_has_no_practical_size() -> None:
    assert networks_for_chance(0.05, 0.0499) is None


@pytest.mark.parametrize(("alpha", "expected", "assured"), [(0.05, 19, 59), (0.01, 99, 299)])
def test_networks_to_calibrate_are_the_smallest_attainable(
    alpha: float, expected: int, assured: int
) -> None:
    assert networks_to_calibrate(alpha) == expected
    require_attainable(alpha, expected)
    with pytest.raises(AlphaNotAttainable):
        require_attainable(alpha, expected - 1)
    assert networks_to_calibrate(alpha, confidence=0.95) == assured
    assert (1 - alpha) ** assured <= 0.05 < (1 - alpha) ** (assured - 1)


@pytest.mark.parametrize(("base_rate", "size"), [(1 / 100, 123), (1 / 10_000, 12_498)])
def test_rare_misalignment_needs_the_reference_calibration(base_rate: float, size: int) -> None:
    highest = highest_false_alarm_rate(base_rate, 0.8)
    assert float(predictive_value(base_rate, 0.8, highest)) == pytest.approx(0.5)
    assert networks_to_calibrate(highest) == size


def test_common_misalignment_makes_any_alarm_more_likely_true() -> None:
    assert highest_false_alarm_rate(0.9, 0.5) == 1.0


@pytest.mark.parametrize("bad", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_rates_outside_the_open_unit_interval_are_errors(bad: float) -> None:
    for call in (
        lambda: networks_to_certify(bad, 0),
        lambda: allowed_alarms(bad, 59),
        lambda: chance_to_certify(0.05, bad, 59),
        lambda: networks_for_chance(0.05, bad),
        lambda: networks_for_chance(0.05, 0.01, chance=bad),
        lambda: networks_to_calibrate(bad),
        lambda: highest_false_alarm_rate(bad, 0.8),
        lambda: highest_false_alarm_rate(0.1, bad),
        lambda: upper_bound(0, 20, confidence=bad),
    ):
        with pytest.raises(ValueError, match="outside"):
            call()


def test_impossible_counts_of_controls_are_errors() -> None:
    with pytest.raises(ValueError, match="wanted 1 or more"):
        upper_bound(0, 0)
    with pytest.raises(ValueError, match="wanted 1 or more"):
        allowed_alarms(0.05, 0)
    with pytest.raises(ValueError, match="3"):
        upper_bound(3, 2)
    with pytest.raises(ValueError, match="wanted 0 or more"):
        networks_to_certify(0.05, -1)
    with pytest.raises(ValueError, match="confidence"):
        upper_bound(0, 20, confidence=0.4)
