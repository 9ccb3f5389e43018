"""The risk before and after detection, draw by draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from evals.risk.inputs import Inputs
from evals.risk.pool import pool
from evals.risk.severity import SeverityLink

QUANTITIES = ("residual", "fraction")
"""What variance shares, bars and values of information can be of: R, or R / R0."""


@dataclass(frozen=True, eq=False)
class Decomposition:
    """One number per draw, each a probability.

    Attributes:
        unmitigated: R0, P(catastrophe) if no misaligned system were handled.
        residual: R, P(catastrophe) after detection and correction; at most R0.
        fraction: R / R0, formed without P(emergence) and P(misaligned), so it stays defined when
            they are 0. NaN where no type has any severity.
    """

    unmitigated: Float[np.ndarray, " draw"]
    residual: Float[np.ndarray, " draw"]
    fraction: Float[np.ndarray, " draw"]


def decompose(
    *,
    emergence: Float[np.ndarray, " draw"],
    misaligned: Float[np.ndarray, " draw"],
    severity: Float[np.ndarray, "draw type"],
    prevalence: Float[np.ndarray, "draw type"],
    success: Float[np.ndarray, "draw type"],
) -> Decomposition:
    """R0 = P_em P_mis sum_t q_t S_t and R = P_em P_mis sum_t q_t S_t (1 - x_t).

    Args:
        emergence: P_em, P(emergence).
        misaligned: P_mis, P(misaligned | emergence).
        severity: S_t, P(catastrophe | misaligned system of type t, unhandled).
        prevalence: q_t, share of the type; rows sum to 1.
        success: x_t, P(detected and corrected | type t).

    Raises:
        ValueError: when an input is no probability, or prevalences do not sum to 1.
    """
    inputs = {
        "emergence": emergence,
        "misaligned": misaligned,
        "severity": severity,
        "prevalence": prevalence,
        "success": success,
    }
    for name, values in inputs.items():
        if not np.all((values >= 0) & (values <= 1)):
            raise ValueError(f"{name} has values that are NaN or outside [0, 1]")
    if not np.allclose(prevalence.sum(axis=1), 1):
        raise ValueError("prevalences do not sum to 1 in every draw; divide by their sum")
    harm = prevalence * severity
    before = harm.sum(axis=1)
    after = (harm * (1 - success)).sum(axis=1)
    fraction = np.divide(after, before, out=np.full_like(before, np.nan), where=before > 0)
    systems = emergence * misaligned
    return Decomposition(systems * before, systems * after, fraction)


def evaluate(inputs: Inputs, link: SeverityLink, weight: float) -> Decomposition:
    """The decomposition of draws at a transport weight.

    The judged prevalences are closed, q / sum q: their intervals contain the simplex but do not
    say how the shares depend on one another (see `prevalence` for other treatments).

    Args:
        inputs: the draws.
        link: its phi and degrees; kappa is among the draws.
        weight: transport weight in [0, 1].
    """
    return decompose(
        emergence=pool(inputs.emergence, inputs.measured_emergence, inputs.transport, weight),
        misaligned=pool(inputs.misaligned, inputs.measured_misaligned, inputs.transport, weight),
        severity=link.at(inputs.multiple, inputs.kappa),
        prevalence=closed(inputs.prevalence),
        success=success_at(inputs, weight),
    )


def systems_at(inputs: Inputs, weight: float) -> Float[np.ndarray, " draw"]:
    """P_em P_mis: a misaligned mesa-optimizer exists."""
    emergence = pool(inputs.emergence, inputs.measured_emergence, inputs.transport, weight)
    misaligned = pool(inputs.misaligned, inputs.measured_misaligned, inputs.transport, weight)
    return np.asarray(emergence * misaligned)


def harm_by_type(inputs: Inputs, link: SeverityLink) -> Float[np.ndarray, "draw type"]:
    """q_t S_t, prevalences closed: what each type would do if nothing were handled."""
    return np.asarray(closed(inputs.prevalence) * link.at(inputs.multiple, inputs.kappa))


def quantity_at(
    inputs: Inputs, link: SeverityLink, weight: float, quantity: str
) -> Float[np.ndarray, " draw"]:
    """The residual risk or the residual fraction of draws at a transport weight.

    Raises:
        ValueError: on an unknown quantity.
    """
    if quantity not in QUANTITIES:
        raise ValueError(f"unknown quantity {quantity!r}, wanted one of {', '.join(QUANTITIES)}")
    found = evaluate(inputs, link, weight)
    return found.residual if quantity == "residual" else found.fraction


def success_at(inputs: Inputs, weight: float) -> Float[np.ndarray, "draw type"]:
    """P(detected and corrected) by type: measured detection x judged correction, or judged."""
    measured = inputs.measured * inputs.correction
    return pool(inputs.success, measured, inputs.transport, weight)


def closed(prevalence: Float[np.ndarray, "draw type"]) -> Float[np.ndarray, "draw type"]:
    """Shares divided by their sum."""
    return np.asarray(prevalence / prevalence.sum(axis=1, keepdims=True))
