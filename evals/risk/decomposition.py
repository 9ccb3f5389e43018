"""The risk before and after detection, draw by draw."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float

from evals.risk.beliefs import SeverityLink
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.inputs import ByType, Draws, Inputs
from evals.risk.transport import pool


@dataclass(frozen=True, eq=False)
class Decomposition:
    """One number per draw, each a probability.

    Attributes:
        unmitigated: R0, P(catastrophe) if no misaligned system were handled.
        residual: R, P(catastrophe) after detection and correction; at most R0.
        fraction: R / R0, formed without P(emergence) and P(misaligned), so it stays defined when
            they are 0. NaN where no type has any severity.
    """

    unmitigated: Draws
    residual: Draws
    fraction: Draws


def decompose(
    *,
    emergence: Draws,
    misaligned: Draws,
    severity: ByType,
    prevalence: ByType,
    success: ByType,
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
    for name, values in {
        "emergence": emergence,
        "misaligned": misaligned,
        "severity": severity,
        "prevalence": prevalence,
        "success": success,
    }.items():
        if not (values.min() >= 0 and values.max() <= 1):
            raise ValueError(f"{name} has values that are NaN or outside [0, 1]")
    if not np.allclose(prevalence.sum(axis=1), 1):
        raise ValueError("prevalences do not sum to 1 in every draw; divide by their sum")
    harm = prevalence * severity
    before, after = harm.sum(axis=1), np.einsum("dt,dt->d", harm, 1 - success)
    fraction = np.divide(after, before, out=np.full_like(before, np.nan), where=before > 0)
    systems = emergence * misaligned
    return Decomposition(systems * before, systems * after, fraction)


def evaluate(inputs: Inputs, link: SeverityLink, weight: float) -> Decomposition:
    """The decomposition of draws at a transport weight.

    The judged prevalences are closed, q / sum q: their intervals contain the simplex but do not
    say how the shares depend on one another (`overlap_bounds` for types side by side).
    """
    return decompose(
        emergence=pool(inputs.emergence, inputs.measured_emergence, inputs.transport, weight),
        misaligned=pool(inputs.misaligned, inputs.measured_misaligned, inputs.transport, weight),
        severity=link.at(inputs.multiple, inputs.kappa),
        prevalence=closed(inputs.prevalence),
        success=success_at(inputs, weight),
    )


def harm_by_type(inputs: Inputs, link: SeverityLink, weight: float) -> ByType:
    """P_em P_mis q_t S_t: what each type would do if nothing were handled."""
    emergence = pool(inputs.emergence, inputs.measured_emergence, inputs.transport, weight)
    misaligned = pool(inputs.misaligned, inputs.measured_misaligned, inputs.transport, weight)
    harm = closed(inputs.prevalence) * link.at(inputs.multiple, inputs.kappa)
    return np.asarray((emergence * misaligned)[:, None] * harm)


def success_at(inputs: Inputs, weight: float) -> ByType:
    """P(detected and corrected) by type: with measured detection, or judged."""
    return pool(inputs.success, inputs.handled, inputs.transport, weight)


def closed(prevalence: ByType) -> ByType:
    """Shares divided by their sum."""
    return np.asarray(prevalence / prevalence.sum(axis=1, keepdims=True))


def overlap_bounds(
    inputs: Inputs, link: SeverityLink, *, weight: float
) -> tuple[Float[np.ndarray, " draw"], Float[np.ndarray, " draw"]]:
    """The residual fraction when prevalences are chances of types present side by side.

    A misaligned system has each type independently with its judged prevalence, unclosed, and at
    least one; its severity is the largest of its types'. The first bound holds if it is safe only
    when every type that it has is handled, the second if handling any one of them is enough. Over
    the 15 patterns T of present types, fraction = sum P(T) S(T) u(T) / sum P(T) S(T), with
    u = 1 - prod x_t or prod (1 - x_t), t in T.
    """
    success = success_at(inputs, weight)
    severity = link.at(inputs.multiple, inputs.kappa)
    harm, every, any_one = np.zeros((3, len(success)))
    for pattern in product((False, True), repeat=len(MISALIGNMENT_TYPES)):
        present = np.array(pattern)
        if not present.any():
            continue
        # P(T) up to 1 - prod(1 - q), which cancels.
        chance = np.where(present, inputs.prevalence, 1 - inputs.prevalence).prod(axis=1)
        part = chance * severity[:, present].max(axis=1)
        harm += part
        every += part * (1 - success[:, present].prod(axis=1))
        any_one += part * (1 - success[:, present]).prod(axis=1)
    known = harm > 0
    bounds = np.full((2, len(harm)), np.nan)
    return np.divide(every, harm, out=bounds[0], where=known), np.divide(
        any_one, harm, out=bounds[1], where=known
    )
