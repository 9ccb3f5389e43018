"""The linear pool of judged and measured success."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from evals.family_posterior import FamilyPosterior
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.inputs import TypeDraws

DEFAULT_WEIGHT = 0.2
"""A judgement: below one half, as no rate measured on organisms has been checked on a frontier
system, and above .05, so that the measured lower tail can reach a 5% quantile."""


@dataclass(frozen=True, eq=False)
class MeasuredSuccess:
    """Success with the measured detection in place of the judged one.

    Attributes:
        success: measured detection of a new family x judged correction; in the column of a type
            without measurement, the judged success.
        unmeasured: the types without measurement.
    """

    success: Float[np.ndarray, "draw type"]
    unmeasured: tuple[str, ...]


def measured_success(
    types: TypeDraws, posteriors: Mapping[str, FamilyPosterior | None]
) -> MeasuredSuccess:
    """Draws of d_new c by type.

    Args:
        types: the judged draws, whose `measured` uniforms become draws of the new family's rate.
        posteriors: by misalignment type; a type that is absent or None has no measurement.

    Raises:
        ValueError: on an unknown misalignment type.
    """
    check_types(posteriors)
    success = types.success.copy()
    unmeasured = []
    for column, name in enumerate(MISALIGNMENT_TYPES):
        posterior = posteriors.get(name)
        if posterior is None:
            unmeasured.append(name)
        else:
            detection = posterior.draws_at(types.measured[:, column])
            success[:, column] = detection * types.correction[:, column]
    return MeasuredSuccess(success, tuple(unmeasured))


def pool(
    judged: Float[np.ndarray, "draw type"],
    measured: Float[np.ndarray, "draw type"],
    transport: Float[np.ndarray, " draw"],
    weight: float,
) -> Float[np.ndarray, "draw type"]:
    """Measured success where transport < weight, judged success elsewhere.

    The weight is the probability that the system at stake behaves like one more draw from the
    organism families. One draw decides for all types: relevance is shared. Weight 0 returns the
    judged draws bit by bit and weight 1 the measured ones. The weight is stated beforehand: read
    off the data, falling with disagreement, it would turn perfect detection into the judgement.

    Args:
        judged: success by type.
        measured: success by type.
        transport: uniforms in [0, 1).
        weight: in [0, 1].
    """
    check_weight(weight)
    return np.where((transport < weight)[:, None], measured, judged)


def blend(
    judged: Float[np.ndarray, "*draws"], measured: Float[np.ndarray, "*draws"], weight: float
) -> Float[np.ndarray, "*draws"]:
    """(1 - w) judged + w measured: the expectation of the pool over the transport draw.

    Any quantity that is linear in the success may be blended; its mean is then that of the pool,
    exactly linear in the weight.
    """
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


def check_types(by_type: Mapping[str, object]) -> None:
    """Raise unless every key is a misalignment type."""
    unknown = sorted(set(by_type) - set(MISALIGNMENT_TYPES))
    if unknown:
        raise ValueError(
            f"unknown misalignment types {unknown}, wanted some of {MISALIGNMENT_TYPES}"
        )


def check_weight(weight: float) -> None:
    """Raise unless the transport weight is a probability."""
    if not 0 <= weight <= 1:
        raise ValueError(f"transport weight {weight} is outside [0, 1]; it is a probability")
