"""The risk before and after detection, draw by draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from evals.risk.inputs import ByType, Draws, Inputs
from evals.risk.transport import pool


@dataclass(frozen=True, eq=False)
class Decomposition:
    """P(catastrophe) if no misaligned system were handled, R0, and after handling, R, by draw.

    The fraction R / R0 is formed without the factors of R0, so it stays defined when they are 0.
    """

    unmitigated: Draws
    residual: Draws
    fraction: Draws


def evaluate(inputs: Inputs, weight: float) -> Decomposition:
    """R0 = P_em P_mis S and R = R0 sum_t q_t (1 - x_t), of draws at a transport weight.

    P_em is P(emergence), P_mis P(misaligned | emergence), S P(catastrophe | misaligned system,
    unhandled), q_t the share of type t and x_t P(detected and corrected | type t). The judged
    shares are closed, q / sum q: their intervals contain the simplex but do not say how the shares
    depend on one another (`overlap_bounds` for types side by side).
    """
    emergence = pool(inputs.emergence, inputs.measured_emergence, inputs.transport, weight)
    misaligned = pool(inputs.misaligned, inputs.measured_misaligned, inputs.transport, weight)
    before = emergence * misaligned * severity(inputs.multiple, inputs.kappa)
    left = 1 - success_at(inputs, weight)
    fraction = np.einsum("dt,dt->d", closed(inputs.prevalence), left)
    return Decomposition(before, before * fraction, fraction)


def severity(multiple: Draws, kappa: Draws) -> Draws:
    """S = 1 - exp(-kappa C^2), from the harm multiple C^2.

    The analysis states S only up to proportion to C^2; that form exceeds 1 at its own multiples,
    hence the saturation. All types count alike: the judged rows identify no difference.
    """
    return np.asarray(-np.expm1(-kappa * multiple))


def harm_by_type(inputs: Inputs, weight: float) -> ByType:
    """P_em P_mis q_t S: what each type would do if nothing were handled."""
    return np.asarray(evaluate(inputs, weight).unmitigated[:, None] * closed(inputs.prevalence))


def success_at(inputs: Inputs, weight: float) -> ByType:
    """P(detected and corrected) by type: with measured detection, or judged."""
    return pool(inputs.success, inputs.handled, inputs.transport, weight)


def closed(prevalence: ByType) -> ByType:
    """Shares divided by their sum."""
    return np.asarray(prevalence / prevalence.sum(axis=1, keepdims=True))


def overlap_bounds(inputs: Inputs, *, weight: float) -> Float[np.ndarray, "2 draw"]:
    """The residual fraction when prevalences are chances of types present side by side.

    A misaligned system has each type independently with its judged prevalence q, unclosed, and at
    least one. Its risk remains unless every type that it has is handled, 1 - prod(1 - q + q x)
    over P(at least one), or only if none is, prod(1 - q x) - prod(1 - q) over the same.
    """
    success, q = success_at(inputs, weight), inputs.prevalence
    none = (1 - q).prod(axis=1)
    every = 1 - (1 - q + q * success).prod(axis=1)
    any_one = (1 - q * success).prod(axis=1) - none
    return np.asarray(np.stack([every, any_one]) / (1 - none))
