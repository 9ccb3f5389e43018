"""Distributions of judged rows that need not fit one: errors name the row."""

from __future__ import annotations

import math

from evals.risk.figures import FiguresError, Interval
from evals.risk.judged import (
    JudgedBeta,
    JudgedLognormal,
    beta_from_interval,
    lognormal_from_interval,
)


def fitted_beta(where: str, interval: Interval) -> JudgedBeta:
    low, high = interval
    try:
        if low == 0 and 0 < high < 1:
            return JudgedBeta(1.0, math.log(0.05) / math.log1p(-high))
        return beta_from_interval(low, high)
    except ValueError as error:
        raise FiguresError(f"{where}: {error}") from error


def fitted_lognormal(where: str, interval: Interval) -> JudgedLognormal:
    try:
        return lognormal_from_interval(*interval)
    except ValueError as error:
        raise FiguresError(f"{where}: {error}") from error
