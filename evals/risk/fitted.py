"""The distribution of a judged interval, refused where nothing can be drawn from it."""

from __future__ import annotations

import math

from evals.risk.judged import (
    JudgedBeta,
    JudgedLognormal,
    beta_from_interval,
    lognormal_from_interval,
)

_LEAST_WIDTH = 1e-12
"""Below it the squared width of the fit's start leaves floating point."""
_MULTIPLES = (1e-9, 1e9)
"""Wider than any judgement; draws of the lognormal stay finite."""


def drawable_beta(low: float, high: float) -> JudgedBeta:
    """`beta_from_interval`, of an interval wide enough to fit.

    Raises:
        ValueError: unless 0 < low < high < 1, and when the fit misses.
    """
    _check_width(low, high)
    return beta_from_interval(low, high)


def drawable_bound(low: float, high: float) -> JudgedBeta:
    """`drawable_beta`; from 0, the Beta(1, b) whose 95% quantile is `high`.

    An interval from 0 fixes one quantile only: that the density falls from 0 on is a judgement.

    Raises:
        ValueError: unless 0 <= low < high < 1, and when the fit misses.
    """
    _check_width(low, high)
    if low == 0 and high < 1:
        return JudgedBeta(1.0, math.log(0.05) / math.log1p(-high))
    return beta_from_interval(low, high)


def drawable_multiple(low: float, high: float) -> JudgedLognormal:
    """`lognormal_from_interval` within the limits of a harm multiple.

    Raises:
        ValueError: the interval is no interval or outside them.
    """
    least, most = _MULTIPLES
    if not least <= low <= high <= most:
        raise ValueError(
            f"no harm multiple has the 90% interval [{low}, {high}]; wanted {least:g} <= 5% "
            f"quantile <= 95% quantile <= {most:g}, so give multiples of the harm of a GPT-4 class "
            "system, which is 1"
        )
    return lognormal_from_interval(low, high)


def _check_width(low: float, high: float) -> None:
    if 0 <= high - low < _LEAST_WIDTH:
        raise ValueError(
            f"no Beta has the 90% interval [{low}, {high}]; wanted 5% quantile < 95% quantile, "
            f"{_LEAST_WIDTH:g} apart or more, so widen the interval"
        )
