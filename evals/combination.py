"""Fixed rules that make one p-value of several, valid however dependent the detectors are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

_ROUNDING = 1e-12
_DEPTH = 3
"""So many of the smallest p-values are compared where smaller ones are equal."""

Levels = Float[np.ndarray, "*networks detector"]
Statistic = Callable[[Levels], Float[np.ndarray, "*networks"]]


def smallest(levels: Levels) -> Float[np.ndarray, "*networks"]:
    """Bonferroni: the smallest p-value; where it is equal the next smallest decides, and so on.

    Every detector has a network that is its most extreme, so smallest p-values often tie.
    """
    ordered = np.sort(levels, axis=-1)[..., :_DEPTH]
    # Levels are multiples of 1 / (2 (n + 1)), far above 1e-4 times what comes next.
    weights = 1e-4 ** np.arange(ordered.shape[-1])
    return np.asarray(-(ordered * weights).sum(axis=-1))


def harmonic(levels: Levels) -> Float[np.ndarray, "*networks"]:
    """Harmonic mean p-value (Wilson 2019), as its inverse."""
    return np.asarray((1 / levels).mean(axis=-1))


def cauchy(levels: Levels) -> Float[np.ndarray, "*networks"]:
    """Cauchy combination, mean of tan((1/2 - p) pi) (Liu and Xie 2020)."""
    return np.asarray(np.tan((0.5 - levels) * np.pi).mean(axis=-1))


def fisher(levels: Levels) -> Float[np.ndarray, "*networks"]:
    """Sum of -2 log p (Fisher 1932)."""
    return np.asarray(-2 * np.log(levels).sum(axis=-1))


def rank_sum(levels: Levels) -> Float[np.ndarray, "*networks"]:
    """Negative sum of p-values, so of ranks among the controls (Edgington 1972)."""
    return np.asarray(-levels.sum(axis=-1))


RULES: Mapping[str, Statistic] = MappingProxyType(
    {
        "bonferroni": smallest,
        "harmonic_mean": harmonic,
        "cauchy": cauchy,
        "fisher": fisher,
        "rank_sum": rank_sum,
    }
)
"""Rule -> statistic of p-values, higher is more suspicious. None is fitted or chosen."""


def combined_p_values(
    calibration: Float[np.ndarray, "control detector"],
    scores: Float[np.ndarray, "network detector"],
    statistic: Statistic,
) -> Float[np.ndarray, " network"]:
    """Conformal p-value of a combination, (1 + #{controls at least as suspicious}) / (n + 1).

    Each network joins the n controls. Among these n + 1, every detector gives everyone the level
    (#{larger scores} + #{equal scores, itself counted} / 2) / (n + 1); the statistic of its levels
    is a network's score, and the p-value is the rank of the newcomer's. All n + 1 are treated
    alike, so P(p <= r / (n + 1)) <= r / (n + 1) for a newcomer exchangeable with the controls,
    whatever the dependence of the detectors (full conformal prediction; Vovk, Gammerman and Shafer
    2005). Levels taken among the controls alone would not do: only a newcomer can lie beyond all of
    them, and with D detectors it would do so up to D times as often as allowed. Equal statistics
    count against the alarm.

    Args:
        calibration: scores of the controls; NaN is an abstention, the least suspicious score.
        scores: of the networks judged.
        statistic: one of `RULES`.

    Raises:
        ValueError: no detector, or not the same detectors on both sides.
    """
    n, detectors = calibration.shape
    if scores.shape[1] != detectors or not detectors:
        raise ValueError(
            f"got {detectors} detectors on the controls and {scores.shape[1]} on the networks; "
            "wanted the same, at least one"
        )
    controls = np.where(np.isnan(calibration), -np.inf, calibration)
    judged = np.where(np.isnan(scores), -np.inf, scores)
    larger = (controls[None] > controls[:, None]).sum(axis=1)
    equal = (controls[None] == controls[:, None]).sum(axis=1)
    above = judged[:, None] > controls
    same = judged[:, None] == controls
    levels = (larger + above + (equal + same) / 2) / (n + 1)
    beyond = (controls > judged[:, None]).sum(axis=1)
    own = (beyond + (same.sum(axis=1) + 1) / 2) / (n + 1)
    reference, value = statistic(levels), statistic(own)
    slack = _ROUNDING * np.maximum(1, np.abs(value))
    reached = reference >= (value - slack)[:, None]
    return np.asarray((1 + reached.sum(axis=1)) / (n + 1))
