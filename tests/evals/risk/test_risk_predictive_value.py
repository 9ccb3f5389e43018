"""What alarms mean, against Bayes' table and its limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evals.risk.predictive_value import BASE_RATES, PredictiveRow, predictive_rows, predictive_value

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
        for base_rate, wanted in zip(BASE_RATES.values(), expected, strict=True):
            within = 0.0005 if wanted > 0.01 else 0.00005
            assert alarmed(base_rate, 0.8, false_alarms) == pytest.approx(wanted, abs=within)
    for odds, as_likely_right in (("1:100", 0.0081), ("1:10,000", 8e-5)):
        assert alarmed(BASE_RATES[odds], 0.8, as_likely_right) == pytest.approx(0.5, abs=0.002)


@settings(derandomize=True)
@given(pi=probability, d=probability, a=probability)
def test_posterior_odds_are_prior_odds_times_the_likelihood_ratio(
    pi: float, d: float, a: float
) -> None:
    """From which all else follows: chance says nothing, and both verdicts average to pi."""
    ppv, left, odds = alarmed(pi, d, a), missed(pi, d, a), pi / (1 - pi)
    assert ppv / (1 - ppv) == pytest.approx(odds * d / a, rel=1e-9)
    assert left / (1 - left) == pytest.approx(odds * (1 - d) / (1 - a), rel=1e-9)


def test_certain_base_rates_need_no_detector() -> None:
    for d, a in [(0.8, 0.05), (0.2, 0.9)]:
        for verdict in (alarmed, missed):
            assert verdict(0.0, d, a) == 0
            assert verdict(1.0, d, a) == 1
            assert verdict(1e-12, d, a) < 1e-10


def test_few_controls_leave_the_meaning_of_an_alarm_open() -> None:
    """The reference is a 5-95% range, to two digits."""
    uniforms = np.random.default_rng(3).random((2, 100_000))
    detection = stats.beta.ppf(uniforms[0], 16.5, 4.5)
    for rank, size, low, high in ((1, 19, 0.05, 0.74), (5, 99, 0.08, 0.29)):
        row = at_1_in_100(detection, stats.beta.ppf(uniforms[1], rank, size + 1 - rank))
        assert (row.ppv.q05, row.ppv.q95) == pytest.approx((low, high), abs=0.0075)
        assert 0 < row.missed.mean < row.base_rate


def test_draws_without_an_alarm_are_left_out_unless_there_is_no_other() -> None:
    row = at_1_in_100(np.array([0.0, 0.8, 0.8]), np.array([0.0, 0.05, 0.05]))
    assert row.ppv.mean == pytest.approx(0.1391, abs=1e-4)
    with pytest.raises(ValueError, match="never"):
        predictive_rows(np.full(5, 0.5), np.zeros(5))


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
