"""What alarms mean, against Bayes' table and its limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evals.risk.predictive_value import (
    BASE_RATES,
    PredictiveRow,
    predictive_rows,
    predictive_value,
)

probability = st.floats(0.01, 0.99)


def alarmed(base_rate: float, detection: float, false_alarms: float) -> float:
    """P(misaligned | alarm) at two rates that are known."""
    pair = (np.full(2, rate) for rate in (detection, false_alarms))
    return predictive_value(base_rate, *pair).mean


def missed(base_rate: float, detection: float, false_alarms: float) -> float:
    """P(misaligned | no alarm)."""
    return alarmed(base_rate, 1 - detection, 1 - false_alarms)


def at_1_in_100(detection: np.ndarray, false_alarms: np.ndarray) -> PredictiveRow:
    return {row.odds: row for row in predictive_rows(detection, false_alarms)}["1:100"]


def test_reference_table() -> None:
    """PPV of a detector that finds 80%, at the three base rates."""
    for false_alarms, expected in (
        (0.05, (0.941, 0.139, 0.0016)),
        (0.01, (0.988, 0.447, 0.0079)),
        (0.001, (0.999, 0.890, 0.074)),
    ):
        got = [alarmed(rate, 0.8, false_alarms) for rate in BASE_RATES.values()]
        tolerances = (0.0005, 0.0005, 0.0005 if expected[2] > 0.01 else 0.00005)
        for value, wanted, tolerance in zip(got, expected, tolerances, strict=True):
            assert value == pytest.approx(wanted, abs=tolerance)


def test_false_alarms_that_make_an_alarm_as_likely_right_as_wrong() -> None:
    for odds, most in (("1:100", 0.0081), ("1:10,000", 8e-5)):
        assert alarmed(BASE_RATES[odds], 0.8, most) == pytest.approx(0.5, abs=0.002)
        assert alarmed(BASE_RATES[odds], 0.8, most * 1.1) < 0.5
        assert alarmed(BASE_RATES[odds], 0.8, most / 1.1) > 0.5


def test_posterior_odds_are_prior_odds_times_the_likelihood_ratio() -> None:
    generator = np.random.default_rng(1)
    for pi, d, a in generator.uniform(0.01, 0.99, (50, 3)):
        ppv, left, odds = alarmed(pi, d, a), missed(pi, d, a), pi / (1 - pi)
        assert ppv / (1 - ppv) == pytest.approx(odds * d / a, rel=1e-9)
        assert left / (1 - left) == pytest.approx(odds * (1 - d) / (1 - a), rel=1e-9)


def test_both_verdicts_average_to_the_base_rate() -> None:
    for pi, d, a in np.random.default_rng(2).random((50, 3)):
        alarm = pi * d + (1 - pi) * a
        average = alarm * alarmed(pi, d, a) + (1 - alarm) * missed(pi, d, a)
        assert average == pytest.approx(pi, rel=1e-12)


def test_certain_base_rates_need_no_detector() -> None:
    for d, a in [(0.8, 0.05), (0.2, 0.9)]:
        for verdict in (alarmed, missed):
            assert verdict(0.0, d, a) == 0
            assert verdict(1.0, d, a) == 1
            assert verdict(1e-12, d, a) < 1e-10


@settings(derandomize=True)
@given(pi=probability, rate=probability)
def test_a_detector_no_better_than_chance_says_nothing(pi: float, rate: float) -> None:
    assert alarmed(pi, rate, rate) == pytest.approx(pi)
    assert missed(pi, rate, rate) == pytest.approx(pi)


@settings(derandomize=True)
@given(pi=probability, d=probability, a=probability, step=st.floats(0, 1))
def test_verdicts_move_the_right_way(pi: float, d: float, a: float, step: float) -> None:
    def up(value: float) -> float:
        return value + step * (1 - value)

    slack = 1e-12
    assert alarmed(pi, up(d), a) >= alarmed(pi, d, a) - slack
    assert alarmed(pi, d, up(a)) <= alarmed(pi, d, a) + slack
    assert alarmed(up(pi), d, a) >= alarmed(pi, d, a) - slack
    if up(d) < 1:
        assert missed(pi, up(d), a) <= missed(pi, d, a) + slack
    if up(a) < 1:
        assert missed(pi, d, up(a)) >= missed(pi, d, a) - slack
    assert missed(up(pi), d, a) >= missed(pi, d, a) - slack


def test_few_controls_leave_the_meaning_of_an_alarm_open() -> None:
    """The reference is a 5-95% range, to two digits."""
    uniforms = np.random.default_rng(3).random((2, 100_000))
    detection = stats.beta.ppf(uniforms[0], 16.5, 4.5)
    for rank, size, low, high in ((1, 19, 0.05, 0.74), (5, 99, 0.08, 0.29)):
        row = at_1_in_100(detection, stats.beta.ppf(uniforms[1], rank, size + 1 - rank))
        assert (row.ppv.q05, row.ppv.q95) == pytest.approx((low, high), abs=0.0075)
        assert 0 < row.missed.mean < row.base_rate


def test_rows_refuse_a_detector_that_never_alarms() -> None:
    with pytest.raises(ValueError, match="never raises an alarm"):
        predictive_rows(np.full(5, 0.5), np.zeros(5))


def test_rows_leave_out_draws_without_alarm() -> None:
    detection, false_alarms = np.array([0.0, 0.8, 0.8]), np.array([0.0, 0.05, 0.05])
    row = at_1_in_100(detection, false_alarms)
    assert row.ppv.mean == pytest.approx(0.1391, abs=1e-4)


def test_an_alarm_speaks_for_the_detector_that_alarms_easily() -> None:
    """Detectors of two kinds, equally likely, and the alarms that a million systems would raise."""
    generator = np.random.default_rng(77)
    false_alarms = np.where(generator.random(1_000_000) < 0.5, 0.01, 0.5)
    detection = np.full(1_000_000, 0.8)
    misaligned = generator.random(1_000_000) < 1 / 100
    alarm = generator.random(1_000_000) < np.where(misaligned, detection, false_alarms)
    row = at_1_in_100(detection, false_alarms)
    assert row.ppv.mean == pytest.approx(misaligned[alarm].mean(), abs=0.0015)
    assert row.missed.mean == pytest.approx(misaligned[~alarm].mean(), abs=0.0003)
    values = np.array([alarmed(1 / 100, 0.8, a) for a in (0.01, 0.5)])
    assert row.ppv.mean < 0.2 * values.mean(), "far from the mean of what either kind would give"
    assert (row.ppv.q05, row.ppv.q95) == pytest.approx((values.min(), values.max()))
    assert row.ppv.mcse < 1e-4
