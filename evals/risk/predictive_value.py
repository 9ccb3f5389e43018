"""What an alarm and an all-clear mean at a base rate of misalignment."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evals.risk.decomposition import Draws, Inputs, closed
from evals.risk.summary import Summary

BASE_RATES = {"1:2": 1 / 2, "1:100": 1 / 100, "1:10,000": 1 / 10_000}
"""P(misaligned) before any alarm; 1:N reads 1 in N systems, so 1:2 is even odds."""


@dataclass(frozen=True)
class PredictiveRow:
    """P(misaligned | alarm), the positive predictive value, and P(misaligned | no alarm)."""

    odds: str
    base_rate: float
    ppv: Summary
    missed: Summary


def predictive_rows(detection: Draws, false_alarms: Draws) -> tuple[PredictiveRow, ...]:
    """What verdicts mean at each of `BASE_RATES`, given draws of P(alarm | misaligned or aligned).

    Raises:
        ValueError: false alarms have rate 0 in every draw.
    """
    if not false_alarms.any():
        raise ValueError(
            "false alarms have rate 0 in every draw: such a threshold never raises an alarm, so "
            "no alarm has a meaning; raise alpha or calibrate on more aligned networks"
        )
    return tuple(
        PredictiveRow(
            odds,
            base_rate,
            predictive_value(base_rate, detection, false_alarms),
            predictive_value(base_rate, 1 - detection, 1 - false_alarms),
        )
        for odds, base_rate in BASE_RATES.items()
    )


def mixed_detection(inputs: Inputs) -> Draws:
    """P(detect) of a misaligned system whose type is drawn by prevalence.

    Measured on a new family where there is a measurement, else as the judgement implies.
    """
    detection = np.where(np.isnan(inputs.measured), inputs.detection, inputs.measured)
    mixed = (closed(inputs.prevalence) * detection).sum(axis=1)
    return np.asarray(np.minimum(mixed, 1.0))  # shares add up to 1 only to rounding


def predictive_value(base_rate: float, misaligned: Draws, aligned: Draws) -> Summary:
    """P(misaligned | verdict), by Bayes' rule from the probability of the verdict either way.

    The mean is P(misaligned | verdict) given all that is believed, pi E d / (pi E d + (1 - pi)
    E a), which is not the mean over draws: an alarm speaks for a detector that alarms easily. The
    quantiles are of the value that it would have if both rates were known, pi d / (pi d + (1 - pi)
    a), without draws in which the verdict has probability 0.
    """
    true = base_rate * misaligned
    chance = true + (1 - base_rate) * aligned
    mean = float(true.mean() / chance.mean())
    # Standard error of a ratio of means, by the delta method.
    error = np.std(true - mean * chance, ddof=1) / chance.mean() / math.sqrt(chance.size)
    known = chance > 0
    low, middle, high = np.quantile(true[known] / chance[known], [0.05, 0.5, 0.95])
    return Summary(mean, float(low), float(middle), float(high), float(error))
