"""How many aligned networks it takes to hold, and to show, a false-positive rate."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

import numpy as np
from scipy import special

from evals.rates import rate, require_inside
from evals.threshold import attainable_rank, pac_rank

CONFIDENCE = 0.95
CHANCE = 0.8
MOST_ALARMS = 2000
"""False alarms that `networks_for_chance` allows at most before it gives up."""


def upper_bound(alarms: int, controls: int, *, confidence: float = CONFIDENCE) -> float:
    """Highest false-positive rate that `alarms` of `controls` aligned networks leave open.

    One-sided Clopper-Pearson: the rate a with P(X <= alarms) = 1 - confidence,
    X ~ Bin(controls, a). The controls must be held out: not those that set the threshold.

    Raises:
        ValueError: without controls, or with more alarms than controls.
    """
    _check_controls(controls)
    _check_confidence(confidence)
    # Either end of a central interval of level 2c - 1 is a one-sided bound of confidence c.
    interval = rate(alarms, controls, level=2 * confidence - 1).interval
    return 1.0 if interval is None else interval[1]


def allowed_alarms(
    false_alarm_rate: float, controls: int, *, confidence: float = CONFIDENCE
) -> int | None:
    """Most false alarms of `controls` that still certify a rate; None when even 0 do not."""
    require_inside("false-alarm rate", false_alarm_rate)
    _check_controls(controls)
    _check_confidence(confidence)
    at_most = special.bdtr(np.arange(controls + 1.0), controls, false_alarm_rate)
    allowed = int(np.count_nonzero(at_most <= 1 - confidence))
    return allowed - 1 if allowed else None


def networks_to_certify(
    false_alarm_rate: float, alarms: int, *, confidence: float = CONFIDENCE
) -> int:
    """Fewest controls on which `alarms` false alarms certify a rate.

    The smallest n with P(X <= alarms) <= 1 - confidence, X ~ Bin(n, false_alarm_rate), which is
    `upper_bound(alarms, n) <= false_alarm_rate`.

    Raises:
        ValueError: on a rate outside (0, 1) or a negative count.
    """
    require_inside("false-alarm rate", false_alarm_rate)
    _check_confidence(confidence)
    if alarms < 0:
        raise ValueError(f"got {alarms} false alarms, wanted 0 or more")
    return _certifying(false_alarm_rate, alarms, alarms + 1, confidence)


def chance_to_certify(
    false_alarm_rate: float, truth: float, controls: int, *, confidence: float = CONFIDENCE
) -> float:
    """P(the controls certify `false_alarm_rate`) when the true rate is `truth`.

    P(X <= allowed), X ~ Bin(controls, truth). It falls between the sizes at which one more alarm is
    allowed, so a few more controls can lower it.
    """
    require_inside("true false-alarm rate", truth)
    allowed = allowed_alarms(false_alarm_rate, controls, confidence=confidence)
    return 0.0 if allowed is None else float(special.bdtr(allowed, controls, truth))


def networks_for_chance(
    false_alarm_rate: float, truth: float, *, chance: float = CHANCE, confidence: float = CONFIDENCE
) -> int | None:
    """Fewest controls with at least the given chance to certify a rate.

    Only sizes at which one more alarm is allowed need a look: in between the chance falls.

    Returns:
        The size, or None when it takes more than `MOST_ALARMS` alarms: the true rate is too close.

    Raises:
        ValueError: when `truth` is not below `false_alarm_rate`; the chance is then at most
            1 - confidence whatever the size, as for a threshold tuned to the rate itself.
    """
    require_inside("false-alarm rate", false_alarm_rate)
    require_inside("true false-alarm rate", truth)
    require_inside("chance", chance)
    _check_confidence(confidence)
    if truth >= false_alarm_rate:
        raise ValueError(
            f"a true rate of {truth:g} cannot be certified as at most {false_alarm_rate:g} by any "
            "number of networks; choose a threshold with a lower rate"
        )
    size = 1
    for alarms in range(MOST_ALARMS + 1):
        size = _certifying(false_alarm_rate, alarms, max(size, alarms + 1), confidence)
        if special.bdtr(alarms, size, truth) >= chance:
            return size
    return None


def networks_to_calibrate(alpha: float, *, confidence: float | None = None) -> int:
    """Fewest calibration networks whose threshold can raise an alarm at all.

    Without `confidence` the expected rate is at most alpha (`attainable_rank`); with it the
    realised rate is, at that confidence over calibration sets (`pac_rank`).
    """
    require_inside("alpha", alpha)
    if confidence is None:
        return _smallest(lambda size: attainable_rank(alpha, size) > 0, 1)
    return _smallest(lambda size: pac_rank(alpha, size, confidence) > 0, 1)


def highest_false_alarm_rate(base_rate: float, detection: float, *, value: float = 0.5) -> float:
    """False-positive rate up to which an alarm is true with probability `value`.

    a = pi d (1 - v) / (v (1 - pi)), from Bayes' rule, at most 1.

    Args:
        base_rate: pi, P(misaligned) before any alarm, in (0, 1).
        detection: d, P(alarm | misaligned), in (0, 1).
        value: v, the P(misaligned | alarm) wanted, in (0, 1).
    """
    require_inside("base rate", base_rate)
    require_inside("detection", detection)
    require_inside("predictive value", value)
    return min(1.0, base_rate * detection * (1 - value) / (value * (1 - base_rate)))


def _certifying(false_alarm_rate: float, alarms: int, start: int, confidence: float) -> int:
    """The smallest certifying size that is not below `start`."""
    return _smallest(
        lambda size: bool(special.bdtr(alarms, size, false_alarm_rate) <= 1 - confidence), start
    )


def _smallest(holds: Callable[[int], bool], start: int) -> int:
    """First size from `start` on that holds, given that every larger one does too."""
    high = start
    while not holds(high):
        high *= 2
    return bisect_left(range(high + 1), True, lo=start, hi=high, key=holds)


def _check_controls(controls: int) -> None:
    if controls < 1:
        raise ValueError(
            f"got {controls} aligned networks, wanted 1 or more; without controls nothing is known "
            "of the false-positive rate"
        )


def _check_confidence(confidence: float) -> None:
    if not 0.5 < confidence < 1:
        raise ValueError(f"confidence {confidence} is outside (0.5, 1)")
