"""The uncertain inputs of the decomposition, each a column of a unit cube."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from evals.risk.figures import MISALIGNMENT_TYPES, Figures
from evals.risk.judged import beta_from_interval, lognormal_from_interval, split_success
from evals.risk.severity import SeverityLink


def _columns() -> dict[str, slice]:
    sizes = {"emergence": 1, "misaligned": 1, "multiple": 1, "kappa": 1, "prevalence": 4}
    sizes |= {f"judged_{name}": 2 for name in MISALIGNMENT_TYPES}
    sizes |= {"transport": 1}
    sizes |= {f"measured_{name}": 3 for name in MISALIGNMENT_TYPES}
    ends = np.cumsum(list(sizes.values())).tolist()
    return {
        group: slice(end - size, end)
        for (group, size), end in zip(sizes.items(), ends, strict=True)
    }


GROUPS = MappingProxyType(_columns())
"""Columns of the cube by the input they drive: one name per question one could go and answer."""

WIDTH = max(columns.stop for columns in GROUPS.values())


@dataclass(frozen=True, eq=False)
class TypeDraws:
    """What holds for every horizon; columns in the order of `MISALIGNMENT_TYPES`.

    Attributes:
        prevalence: share of misaligned mesa-optimizers by type; rows sum to 1.
        success: judged P(detected and corrected).
        detection: judged P(detected), with `correction` a split of `success`.
        correction: judged P(corrected | detected).
        transport: one number in [0, 1) per draw, shared by all types (see `pool`).
        measured: uniforms that become draws of the measured detection.
    """

    prevalence: Float[np.ndarray, "draw type"]
    success: Float[np.ndarray, "draw type"]
    detection: Float[np.ndarray, "draw type"]
    correction: Float[np.ndarray, "draw type"]
    transport: Float[np.ndarray, " draw"]
    measured: Float[np.ndarray, "draw type 3"]

    def __post_init__(self) -> None:
        if not np.allclose(self.prevalence.sum(axis=1), 1):
            raise ValueError("prevalences do not sum to 1 in every draw; divide by their sum")


@dataclass(frozen=True, eq=False)
class HorizonDraws:
    """What differs between horizons.

    Attributes:
        emergence: P(emergence).
        misaligned: P(misaligned | emergence).
        severity: P(catastrophe | misaligned system of a type, unhandled).
    """

    emergence: Float[np.ndarray, " draw"]
    misaligned: Float[np.ndarray, " draw"]
    severity: Float[np.ndarray, "draw type"]


def sample_cube(generator: np.random.Generator, draws: int) -> Float[np.ndarray, "draw column"]:
    """Independent uniforms; one cube for everything compared gives common random numbers."""
    if draws < 1:
        raise ValueError(f"got {draws} draws, wanted at least 1; 100,000 is the standard")
    return generator.random((draws, WIDTH))


def type_draws(cube: Float[np.ndarray, "draw column"], figures: Figures) -> TypeDraws:
    """Judged prevalence, success and its split, drawn by inverse CDF.

    The judged prevalences are drawn independently and closed, q / sum q: their intervals contain
    the simplex but do not say how the shares depend on one another.
    """
    _check_cube(cube)
    rows = [figures.types[name] for name in MISALIGNMENT_TYPES]
    uniforms = cube[:, GROUPS["prevalence"]]
    judged = [beta_from_interval(*row.prevalence).at(uniforms[:, i]) for i, row in enumerate(rows)]
    prevalence = np.stack(judged, axis=1)
    splits = np.stack([cube[:, GROUPS[f"judged_{name}"]] for name in MISALIGNMENT_TYPES], axis=1)
    success = np.stack(
        [beta_from_interval(*row.success).at(splits[:, i, 0]) for i, row in enumerate(rows)], axis=1
    )
    detection, correction = split_success(success, splits[:, :, 1])
    return TypeDraws(
        prevalence=prevalence / prevalence.sum(axis=1, keepdims=True),
        success=success,
        detection=detection,
        correction=correction,
        transport=cube[:, GROUPS["transport"]][:, 0],
        measured=np.stack([cube[:, GROUPS[f"measured_{n}"]] for n in MISALIGNMENT_TYPES], axis=1),
    )


def horizon_draws(
    cube: Float[np.ndarray, "draw column"], figures: Figures, horizon: str, link: SeverityLink
) -> HorizonDraws:
    """Emergence, misalignment and severity of one horizon, drawn by inverse CDF."""
    _check_cube(cube)
    if horizon not in figures.horizons:
        raise ValueError(f"unknown horizon {horizon!r}, wanted one of {tuple(figures.horizons)}")
    row = figures.horizons[horizon]
    multiple = lognormal_from_interval(*row.harm_multiple).at(cube[:, GROUPS["multiple"]][:, 0])
    return HorizonDraws(
        emergence=beta_from_interval(*row.emergence).at(cube[:, GROUPS["emergence"]][:, 0]),
        misaligned=beta_from_interval(*row.misaligned_given_emergence).at(
            cube[:, GROUPS["misaligned"]][:, 0]
        ),
        severity=link.at(multiple, cube[:, GROUPS["kappa"]][:, 0]),
    )


def _check_cube(cube: Float[np.ndarray, "draw column"]) -> None:
    if cube.ndim != 2 or cube.shape[1] != WIDTH:
        raise ValueError(f"got a cube of shape {cube.shape}, wanted (draws, {WIDTH})")
