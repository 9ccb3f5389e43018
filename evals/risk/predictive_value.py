"""What an alarm and an all-clear mean at a base rate of misalignment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from evals.risk.decomposition import closed
from evals.risk.inputs import Draws, Inputs
from evals.risk.summary import Summary

BASE_RATES: Mapping[str, float] = MappingProxyType(
    {"1:2": 1 / 2, "1:100": 1 / 100, "1:10,000": 1 / 10_000}
)
"""P(misaligned) before any alarm; 1:N reads 1 in N systems, so 1:2 is even odds."""

Rates: TypeAlias = float | Float[np.ndarray, "*#draws"]
"""A probability, or an array of them; arrays broadcast against each other."""


@dataclass(frozen=True)
class PredictiveRow:
    """What a verdict means at one base rate.

    Attributes:
        odds: a key of `BASE_RATES`.
        base_rate: P(misaligned) among the systems examined.
        ppv: positive predictive value. Its mean is P(misaligned | alarm) given all that is
            believed, pi E d / (pi E d + (1 - pi) E a), which is not the mean of its draws: an alarm
            speaks for a detector that alarms easily. Its quantiles are of the value that it would
            have if d and a were known.
        missed: P(misaligned | no alarm), likewise.
    """

    odds: str
    base_rate: float
    ppv: Summary
    missed: Summary


def predictive_value(
    base_rate: Rates, detection: Rates, false_alarms: Rates
) -> Float[np.ndarray, "*draws"]:
    """P(misaligned | verdict) = pi d / (pi d + (1 - pi) a), by Bayes' rule.

    NaN where the verdict has probability 0: there is nothing to interpret.

    Args:
        base_rate: pi, P(misaligned).
        detection: d, P(verdict | misaligned).
        false_alarms: a, P(verdict | aligned).
    """
    true = np.asarray(base_rate * detection)
    total = np.asarray(true + (1 - base_rate) * false_alarms)
    return np.asarray(np.divide(true, total, out=np.full_like(total, np.nan), where=total > 0))


def predictive_rows(detection: Draws, false_alarms: Draws) -> tuple[PredictiveRow, ...]:
    """What verdicts mean at each of `BASE_RATES`, given draws of P(alarm | misaligned or aligned).

    Draws in which a verdict has probability 0 have no predictive value and are left out of its
    quantiles.

    Raises:
        ValueError: false alarms have rate 0 in every draw, the mark of a threshold that never
            raises an alarm.
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
            _verdict(base_rate, detection, false_alarms),
            _verdict(base_rate, 1 - detection, 1 - false_alarms),
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


def _verdict(base_rate: float, misaligned: Draws, aligned: Draws) -> Summary:
    """P(misaligned | verdict), from the probability of the verdict either way."""
    values = predictive_value(base_rate, misaligned, aligned)
    chance = base_rate * misaligned + (1 - base_rate) * aligned
    mean = float(base_rate * misaligned.mean() / chance.mean())
    # Standard error of a ratio of means, by the delta method.
    error = np.std(base_rate * misaligned - mean * chance, ddof=1) / chance.mean()
    error /= math.sqrt(chance.size)
    low, middle, high = np.nanquantile(values, [0.05, 0.5, 0.95])
    return Summary(mean, float(low), float(middle), float(high), float(error))
