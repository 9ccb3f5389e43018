"""Draws of everything uncertain in the decomposition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from evals.family_posterior import FamilyPosterior
from evals.risk.beliefs import Beliefs
from evals.risk.figures import MISALIGNMENT_TYPES, Interval
from evals.risk.judged import beta_from_interval, lognormal_from_interval, split_success
from evals.risk.scenario import Scenario


def _columns() -> dict[str, slice]:
    sizes = {"emergence": 1, "misaligned": 1, "multiple": 1, "kappa": 1, "prevalence": 4}
    sizes |= {f"judged_{name}": 2 for name in MISALIGNMENT_TYPES}
    sizes |= {"transport": 1}
    sizes |= {f"measured_{name}": 3 for name in MISALIGNMENT_TYPES}
    sizes |= {"measured_emergence": 3, "measured_misaligned": 3}
    ends = np.cumsum(list(sizes.values())).tolist()
    return {
        group: slice(end - size, end)
        for (group, size), end in zip(sizes.items(), ends, strict=True)
    }


GROUPS = MappingProxyType(_columns())
"""Columns of the cube by the input they drive: one name per question one could go and answer."""

Uniforms: TypeAlias = Mapping[str, Float[np.ndarray, "draw _"]]
"""The columns of a cube by group."""

WIDTH = max(columns.stop for columns in GROUPS.values())


@dataclass(frozen=True, eq=False)
class Inputs:
    """One row per draw; type columns in the order of `MISALIGNMENT_TYPES`.

    Attributes:
        emergence: judged P(emergence).
        misaligned: judged P(misaligned | emergence).
        multiple: harm multiple C^2.
        kappa: hazard at C = M = 1.
        prevalence: judged shares of the types, drawn independently: rows need not sum to 1.
        success: judged P(detected and corrected).
        detection, correction: judged P(detected) and P(corrected | detected); their product is
            `success` up to rounding.
        transport: one number in [0, 1) per draw, shared by all that is measured (see `pool`).
        measured: P(detected) of a new family; NaN where a type is not measured.
        measured_emergence, measured_misaligned: of a new recipe; NaN unless a sweep measured them.
    """

    emergence: Float[np.ndarray, " draw"]
    misaligned: Float[np.ndarray, " draw"]
    multiple: Float[np.ndarray, " draw"]
    kappa: Float[np.ndarray, " draw"]
    prevalence: Float[np.ndarray, "draw type"]
    success: Float[np.ndarray, "draw type"]
    detection: Float[np.ndarray, "draw type"]
    correction: Float[np.ndarray, "draw type"]
    transport: Float[np.ndarray, " draw"]
    measured: Float[np.ndarray, "draw type"]
    measured_emergence: Float[np.ndarray, " draw"]
    measured_misaligned: Float[np.ndarray, " draw"]

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Types without measurement."""
        empty = np.isnan(self.measured[0])
        return tuple(name for name, nan in zip(MISALIGNMENT_TYPES, empty, strict=True) if nan)

    def take(self, rows: np.ndarray) -> Inputs:
        """The draws at `rows`: integers or a mask."""
        return replace(self, **{name: values[rows] for name, values in vars(self).items()})

    def with_group(self, group: str, other: Inputs) -> Inputs:
        """These draws with one input of `GROUPS` taken from other draws."""
        if group not in GROUPS:
            raise ValueError(f"unknown input {group!r}, wanted one of {', '.join(GROUPS)}")
        source, _, name = group.partition("_")
        if name not in MISALIGNMENT_TYPES:
            return replace(self, **{group: getattr(other, group)})
        fields = ("success", "detection", "correction") if source == "judged" else ("measured",)
        column = MISALIGNMENT_TYPES.index(name)
        mixed = {field: getattr(self, field).copy() for field in fields}
        for field, values in mixed.items():
            values[:, column] = getattr(other, field)[:, column]
        return replace(self, **mixed)


def sample_cube(generator: np.random.Generator, draws: int) -> Float[np.ndarray, "draw column"]:
    """Independent uniforms; one cube for everything compared gives common random numbers."""
    if draws < 1:
        raise ValueError(f"got {draws} draws, wanted at least 1; 100,000 is the standard")
    return generator.random((draws, WIDTH))


def draw_inputs(
    cube: Float[np.ndarray, "draw column"], beliefs: Beliefs, scenarios: Sequence[Scenario]
) -> Mapping[str, Inputs]:
    """Inputs by the name of the scenario, by inverse CDF: what scenarios share is shared.

    Args:
        cube: uniforms in [0, 1), as of `sample_cube`.
        beliefs: the judged and the measured distributions, and what is supposed known.
        scenarios: at least one.
    """
    if not scenarios:
        raise ValueError("got no scenario, wanted at least one")
    uniforms = _by_group(cube)
    judged = lru_cache(lambda group, interval: _judged(uniforms, group, interval))
    first = _inputs(uniforms, beliefs, _of(beliefs, scenarios[0], judged))
    return {one.name: replace(first, **_of(beliefs, one, judged)) for one in scenarios}


def remeasured(inputs: Inputs, cube: Float[np.ndarray, "draw column"], beliefs: Beliefs) -> Inputs:
    """The same draws under other measurements of detection: all else is common random numbers."""
    return replace(inputs, measured=_measured(_by_group(cube), beliefs))


def _inputs(
    uniforms: Uniforms,
    beliefs: Beliefs,
    own: Mapping[str, Float[np.ndarray, " draw"]],
) -> Inputs:
    rows = [beliefs.figures.types[name] for name in MISALIGNMENT_TYPES]
    shares = uniforms["prevalence"]
    judged = [uniforms[f"judged_{name}"] for name in MISALIGNMENT_TYPES]
    success = np.stack(
        [beta_from_interval(*row.success).at(u[:, 0]) for row, u in zip(rows, judged, strict=True)],
        axis=1,
    )
    detection, correction = split_success(success, np.stack([u[:, 1] for u in judged], axis=1))
    fixed = beliefs.what_if.fixed
    for column, name in enumerate(MISALIGNMENT_TYPES):
        correction[:, column] = fixed.get(f"correct.{name}", correction[:, column])
        if f"detect.{name}" in fixed:
            detection[:, column] = fixed[f"detect.{name}"]
        if {f"correct.{name}", f"detect.{name}"} & set(fixed):
            success[:, column] = detection[:, column] * correction[:, column]
    return Inputs(
        **own,
        kappa=beliefs.link.kappa.at(uniforms["kappa"][:, 0]),
        prevalence=np.stack(
            [beta_from_interval(*row.prevalence).at(shares[:, i]) for i, row in enumerate(rows)],
            axis=1,
        ),
        success=success,
        detection=detection,
        correction=correction,
        transport=uniforms["transport"][:, 0],
        measured=_measured(uniforms, beliefs),
        measured_emergence=_swept(uniforms, beliefs, "emergence", beliefs.emergence),
        measured_misaligned=_swept(uniforms, beliefs, "misaligned", beliefs.misaligned),
    )


def _of(
    beliefs: Beliefs, one: Scenario, judged: Callable[[str, Interval], Float[np.ndarray, " draw"]]
) -> dict[str, Float[np.ndarray, " draw"]]:
    """What differs between scenarios."""
    drawn = {
        "emergence": judged("emergence", one.emergence),
        "misaligned": judged("misaligned", one.misaligned),
        "multiple": judged("multiple", one.multiple),
    }
    for name in drawn.keys() & beliefs.what_if.fixed.keys():
        drawn[name] = np.full_like(drawn[name], beliefs.what_if.fixed[name])
    return drawn


def _judged(uniforms: Uniforms, group: str, interval: Interval) -> Float[np.ndarray, " draw"]:
    fit = lognormal_from_interval if group == "multiple" else beta_from_interval
    return fit(*interval).at(uniforms[group][:, 0])


def _measured(uniforms: Uniforms, beliefs: Beliefs) -> Float[np.ndarray, "draw type"]:
    columns = [
        _new(beliefs.detection.get(t), uniforms[f"measured_{t}"]) for t in MISALIGNMENT_TYPES
    ]
    measured = np.stack(columns, axis=1)
    for column, name in enumerate(MISALIGNMENT_TYPES):
        if f"detect.{name}" in beliefs.what_if.fixed:
            measured[:, column] = beliefs.what_if.fixed[f"detect.{name}"]
    return measured


def _swept(
    uniforms: Uniforms, beliefs: Beliefs, name: str, posterior: FamilyPosterior | None
) -> Float[np.ndarray, " draw"]:
    drawn = _new(posterior, uniforms[f"measured_{name}"])
    supposed = beliefs.what_if.fixed.get(name)
    return drawn if supposed is None else np.full_like(drawn, supposed)


def _by_group(
    cube: Float[np.ndarray, "draw column"],
) -> Uniforms:
    if cube.ndim != 2 or cube.shape[1] != WIDTH:
        raise ValueError(f"got a cube of shape {cube.shape}, wanted (draws, {WIDTH})")
    return {group: cube[:, columns] for group, columns in GROUPS.items()}


def _new(
    posterior: FamilyPosterior | None, uniforms: Float[np.ndarray, "draw 3"]
) -> Float[np.ndarray, " draw"]:
    """Draws of a new family's rate, NaN without a measurement."""
    if posterior is None:
        return np.full(len(uniforms), np.nan)
    return posterior.draws_at(uniforms)
