"""The decomposition of the risk: draws of everything uncertain, and the risk that follows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from evals.risk.figures import HORIZONS, MISALIGNMENT_TYPES, Beliefs, Interval
from evals.risk.laws import (
    DETECTIONS,
    Given,
    JudgedLognormal,
    beta_from_interval,
    given,
    lognormal_from_interval,
    rates_at,
    split_success,
)
from evals.risk.transport import pool
from evals.statistics.family_posterior import FamilyPosterior

Cube: TypeAlias = Float[np.ndarray, "draw column"]
Draws: TypeAlias = Float[np.ndarray, " draw"]
ByType: TypeAlias = Float[np.ndarray, "draw type"]

_SIZES = (
    *(("emergence", 1), ("misaligned", 1), ("multiple", 1), ("kappa", 1), ("prevalence", 4)),
    *((f"judged_{name}", 2) for name in MISALIGNMENT_TYPES),
    ("transport", 1),
    *((f"measured_{name}", 1) for name in (*MISALIGNMENT_TYPES, "emergence", "misaligned")),
)
*_STARTS, WIDTH = np.cumsum([0, *(size for _, size in _SIZES)]).tolist()
GROUPS = {name: slice(at, at + size) for (name, size), at in zip(_SIZES, _STARTS, strict=True)}
"""Columns of the cube by the input they drive: one name per question one could go and answer."""

KAPPA = JudgedLognormal(math.log(0.0115), 0.69)
"""Hazard of harm multiple 1: a fit to the judged catastrophe rows, read as before handling. Its
spread, which dominates the spread of the risk, is that of the fit."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """One row per draw; type columns in the order of `MISALIGNMENT_TYPES`.

    Attributes:
        emergence, misaligned: judged P(emergence) and P(misaligned | emergence).
        multiple, kappa: harm multiple C^2, and the hazard at C = 1.
        prevalence: judged shares of the types, drawn independently: rows need not sum to 1.
        success: judged P(detected and corrected).
        detection, correction: judged P(detected) and P(corrected | detected), of product `success`.
        transport: one number in [0, 1) per draw, shared by all that is measured (see `pool`).
        measured, handled: P(detected) of a new family, and times the correction that goes with it;
            NaN where a type is not measured.
        measured_emergence, measured_misaligned: of a new recipe; NaN unless a sweep measured them.
    """

    emergence: Draws
    misaligned: Draws
    multiple: Draws
    kappa: Draws
    prevalence: ByType
    success: ByType
    detection: ByType
    correction: ByType
    transport: Draws
    measured: ByType
    handled: ByType
    measured_emergence: Draws
    measured_misaligned: Draws


def sample_cube(generator: np.random.Generator, draws: int) -> Cube:
    """Independent uniforms; one cube for everything compared gives common random numbers."""
    return generator.random((draws, WIDTH))


def draw_inputs(
    cube: Cube, beliefs: Beliefs, horizons: Iterable[str] = HORIZONS
) -> dict[str, Inputs]:
    """Inputs by horizon, by inverse CDF of the cube; what horizons share is shared."""
    supposed = beliefs.supposed
    uniforms = {group: cube[:, columns] for group, columns in GROUPS.items()}

    def judged(group: str, interval: Interval) -> Draws:
        fit = lognormal_from_interval if group == "multiple" else beta_from_interval
        drawn = fit(*interval).at(uniforms[group][:, 0])
        return np.full_like(drawn, supposed[group]) if group in supposed else drawn

    def swept(group: str, posterior: FamilyPosterior | None) -> Draws:
        """Draws of a new recipe's rate, NaN without a sweep; what is supposed holds here too."""
        column = uniforms[f"measured_{group}"][:, 0]
        if group in supposed or posterior is None:
            return np.full_like(column, supposed.get(group, np.nan))
        return rates_at(posterior, column)

    prevalence, success, detection, correction = np.empty((4, len(cube), len(MISALIGNMENT_TYPES)))
    for i, name in enumerate(MISALIGNMENT_TYPES):
        kind, (rank, share) = beliefs.figures.types[name], uniforms[f"judged_{name}"].T
        fit = beta_from_interval(*kind.success)
        prevalence[:, i] = beta_from_interval(*kind.prevalence).at(uniforms["prevalence"][:, i])
        success[:, i] = fit.at(rank)
        detection[:, i], correction[:, i] = split_success(success[:, i], share)
        halves = {f"detect.{name}": detection, f"correct.{name}": correction}
        known = [half for half in halves if half in supposed]
        for half in known:
            halves[half][:, i] = supposed[half]
        if len(known) == 1 and beliefs.given:
            (other,) = halves.keys() - set(known)
            halves[other][:, i] = given(fit).at(halves[known[0]][:, i], rank)
        if known:
            success[:, i] = detection[:, i] * correction[:, i]
    own = {
        horizon: {
            "emergence": judged("emergence", row.emergence),
            "misaligned": judged("misaligned", row.misaligned_given_emergence),
            "multiple": judged("multiple", row.harm_multiple),
        }
        for horizon, row in ((name, beliefs.figures.horizons[name]) for name in horizons)
    }
    first = Inputs(
        **next(iter(own.values())),
        kappa=KAPPA.at(uniforms["kappa"][:, 0]),
        prevalence=prevalence,
        success=success,
        detection=detection,
        correction=correction,
        transport=uniforms["transport"][:, 0],
        measured=np.full_like(success, np.nan),
        handled=np.full_like(success, np.nan),
        measured_emergence=swept("emergence", beliefs.emergence),
        measured_misaligned=swept("misaligned", beliefs.misaligned),
    )
    first = remeasured(first, cube, beliefs)
    return {horizon: replace(first, **part) for horizon, part in own.items()}


def remeasured(inputs: Inputs, cube: Cube, beliefs: Beliefs) -> Inputs:
    """The same draws under other measurements of detection: all else is common random numbers."""
    measured, handled = np.full((2, *inputs.success.shape), np.nan)
    for i, name in enumerate(MISALIGNMENT_TYPES):
        posterior, law = beliefs.detection.get(name), _law(beliefs, name)
        if f"detect.{name}" in beliefs.supposed:
            measured[:, i], handled[:, i] = inputs.detection[:, i], inputs.success[:, i]
        elif posterior is not None:
            measured[:, i] = rates_at(posterior, cube[:, GROUPS[f"measured_{name}"]][:, 0])
            # Given d the rank of c is that of s, so both readings share the judged draw.
            rank = cube[:, GROUPS[f"judged_{name}"]][:, 0]
            correction = law.at(measured[:, i], rank) if law else inputs.correction[:, i]
            handled[:, i] = measured[:, i] * correction
    return replace(inputs, measured=measured, handled=handled)


def success_curve(beliefs: Beliefs, inputs: Inputs, name: str) -> Float[np.ndarray, " rate"]:
    """E[detected and corrected | measured detection of the type] at `DETECTIONS`."""
    law = _law(beliefs, name)
    correction = inputs.correction[:, MISALIGNMENT_TYPES.index(name)]
    return np.asarray(DETECTIONS * (law.means if law else correction.mean()))


def _law(beliefs: Beliefs, name: str) -> Given | None:
    """Of a type's correction given its detection; None where one does not tell of the other."""
    if not beliefs.given or f"correct.{name}" in beliefs.supposed:
        return None
    return given(beta_from_interval(*beliefs.figures.types[name].success))


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
