"""How closely a suite pins down the detection rate of the families it has seen."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Float
from scipy import special

from evals.family_width import LEVEL
from evals.rates import require_inside

_FINEST = 0.001

IntervalKind: TypeAlias = Literal["clopper_pearson", "jeffreys"]


def half_widths(
    detected: Float[np.ndarray, " size"],
    of: Float[np.ndarray, " size"],
    *,
    level: float = LEVEL,
    kind: IntervalKind = "clopper_pearson",
) -> Float[np.ndarray, " size"]:
    """Half the width of the interval of a rate, for each count `detected` of `of` networks.

    Clopper-Pearson as in `evals.rates`; Jeffreys has the quantiles of Beta(k + 1/2, n - k + 1/2)
    with the ends set to 0 at k = 0 and to 1 at k = n (Brown, Cai & DasGupta 2001).
    """
    if not np.all((detected >= 0) & (detected <= of) & (of >= 1)):
        raise ValueError("wanted 0 <= detected <= of and at least one network in every place")
    require_inside("level", level)
    tail = (1 - level) / 2
    # At the ends a parameter would be 0; the bound there does not come from it.
    missed = of - detected
    if kind == "jeffreys":
        low = special.betaincinv(detected + 0.5, missed + 0.5, tail)
        high = special.betaincinv(detected + 0.5, missed + 0.5, 1 - tail)
    else:
        low = special.betaincinv(np.maximum(detected, 1), missed + 1, tail)
        high = special.betaincinv(detected + 1, np.maximum(missed, 1), 1 - tail)
    low, high = np.where(detected == 0, 0.0, low), np.where(missed == 0, 1.0, high)
    return np.asarray((high - low) / 2)


def networks_for_margin(
    rate: float, margin: float, *, level: float = LEVEL, kind: IntervalKind = "clopper_pearson"
) -> int:
    """Networks in total that pin the rate of families seen to +- `margin`, and stay sufficient.

    The smallest N such that N networks and any larger number have a half-width of at most `margin`
    at the expected count, N x rate rounded to a whole network. Smaller sizes may do so too, by luck
    of the rounding. With several families it holds for their mean at equal sizes; differences
    between families only narrow it.

    Args:
        rate: P(detect) expected, in (0, 1).
        margin: half-width wanted, in [0.001, 0.5).
        level: coverage of the interval.
        kind: of the interval.
    """
    require_inside("rate", rate)
    require_inside("level", level)
    if not _FINEST <= margin < 0.5:
        raise ValueError(f"margin {margin} is outside [{_FINEST}, 0.5)")
    # By Hoeffding's inequality no Clopper-Pearson interval, and no Jeffreys interval as that lies
    # inside it, is wider beyond this size.
    last = math.ceil(math.log(2 / (1 - level)) / (2 * margin**2))
    of = np.arange(1.0, last + 1)
    widths = half_widths(np.round(of * rate), of, level=level, kind=kind)
    too_wide = np.flatnonzero(widths > margin)
    return int(too_wide[-1]) + 2 if too_wide.size else 1
