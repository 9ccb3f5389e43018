"""The linear pool of what is judged and what is measured."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

DEFAULT_WEIGHT = 0.2
"""A judgement: below one half, as no rate measured on organisms has been checked on a frontier
system, and above .05, so that the measured lower tail can reach a 5% quantile."""


def pool(
    judged: Float[np.ndarray, "*draws"],
    measured: Float[np.ndarray, "*draws"],
    transport: Float[np.ndarray, " draw"],
    weight: float,
) -> Float[np.ndarray, "*draws"]:
    """The measured value where transport < weight and there is one, the judged one elsewhere.

    The weight is the probability that the system at stake behaves like one more draw from the
    organism families. One draw decides for everything measured: relevance is shared. Weight 0
    returns the judged draws bit by bit and weight 1 the measured ones. The weight is stated
    beforehand: read off the data, falling with disagreement, it would turn perfect detection into
    the judgement.

    Args:
        judged: one number per draw, or one per draw and type.
        measured: likewise; NaN where nothing was measured.
        transport: uniforms in [0, 1).
        weight: in [0, 1].
    """
    check_weight(weight)
    taken = (transport < weight).reshape(-1, *[1] * (judged.ndim - 1))
    return np.where(taken & ~np.isnan(measured), measured, judged)


def blend(
    judged: Float[np.ndarray, "*draws"], measured: Float[np.ndarray, "*draws"], weight: float
) -> Float[np.ndarray, "*draws"]:
    """(1 - w) judged + w measured: the expectation of the pool over the transport draw."""
    check_weight(weight)
    return np.asarray((1 - weight) * judged + weight * measured)


def crossing_weight(
    judged_risk: float, measured_risk: float, decision_level: float
) -> float | None:
    """The weight at which the expected risk meets a decision level: (E0 - r) / (E0 - E1).

    Args:
        judged_risk: E0, expected residual risk at weight 0.
        measured_risk: E1, expected residual risk at weight 1.
        decision_level: r, the risk below which one would decide otherwise.

    Returns:
        A weight in [0, 1], or None when no weight reaches the level.
    """
    if judged_risk == measured_risk:
        return None
    weight = (judged_risk - decision_level) / (judged_risk - measured_risk)
    return weight if 0 <= weight <= 1 else None


def check_weight(weight: float) -> None:
    """Raise unless the transport weight is a probability."""
    if not 0 <= weight <= 1:
        raise ValueError(f"transport weight {weight} is outside [0, 1]; it is a probability")
