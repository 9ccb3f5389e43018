"""The judged figures of the mesa-optimization risk analysis, read from TOML."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TypeAlias

from evals.risk.fitted import drawable_beta, drawable_bound, drawable_multiple

MISALIGNMENT_TYPES = ("proxy", "subgoal", "pseudo", "deceptive")
HORIZONS = ("current", "near_term", "medium_term")

Interval: TypeAlias = tuple[float, float]
"""A judged 90% interval: its 5% and 95% quantiles."""

_MODEL_SECTIONS = ("decomposition", "horizon", "capability_level", "type")


class FiguresError(ValueError):
    """A figures file with an unknown key, a missing key or an impossible value."""


@dataclass(frozen=True)
class HorizonFigures:
    """One horizon's row.

    Attributes:
        emergence: P(emergence).
        misaligned_given_emergence: P(misaligned | emergence).
        catastrophe: P(catastrophe); a check on the model, not an input.
        harm_multiple: C^2, the potential harm over that of a GPT-4 class system (1 or more).
        primary_concern: the misalignment type that the analysis names first.
    """

    emergence: Interval
    misaligned_given_emergence: Interval
    catastrophe: Interval
    harm_multiple: Interval
    primary_concern: str

    def __post_init__(self) -> None:
        if self.primary_concern not in MISALIGNMENT_TYPES:
            raise FiguresError(
                f"primary_concern is {self.primary_concern!r}, wanted one of {MISALIGNMENT_TYPES}"
            )


@dataclass(frozen=True)
class TypeFigures:
    """One misalignment type's row.

    Attributes:
        prevalence: share of misaligned mesa-optimizers of this type.
        success: P(detected and mitigated).
    """

    prevalence: Interval
    success: Interval
    detectability: str
    correction_difficulty: str
    catastrophic_potential: str
    detection: tuple[str, ...]
    mitigation: tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """Every figure of the analysis; each interval has a distribution to draw from.

    Attributes:
        horizons: by the names of `HORIZONS`.
        types: by the names of `MISALIGNMENT_TYPES`.
        capability_levels: harm multiple by level; the last is an extrapolation.
        emergence_gpt4_plus: P(emergence) of GPT-4 class and later systems.
        misaligned_given_emergence: over all horizons.
        context: the sections that enter no formula, as read.
    """

    horizons: Mapping[str, HorizonFigures]
    types: Mapping[str, TypeFigures]
    capability_levels: Mapping[str, Interval]
    emergence_gpt4_plus: Interval
    misaligned_given_emergence: Interval
    context: Mapping[str, Mapping[str, object]]

    def __post_init__(self) -> None:
        for name, got, wanted in (
            ("horizons", self.horizons, HORIZONS),
            ("types", self.types, MISALIGNMENT_TYPES),
        ):
            if set(got) != set(wanted):
                raise FiguresError(f"got {name} {sorted(got)}, wanted {sorted(wanted)}")
        for name, horizon in self.horizons.items():
            where = f"horizon.{name}"
            judged = horizon.misaligned_given_emergence
            _check_fit(f"{where}.emergence", horizon.emergence, drawable_beta)
            _check_fit(f"{where}.misaligned_given_emergence", judged, drawable_beta)
            _check_fit(f"{where}.catastrophe", horizon.catastrophe, drawable_bound)
            _check_fit(f"{where}.harm_multiple", horizon.harm_multiple, drawable_multiple)
        for name, row in self.types.items():
            _check_fit(f"type.{name}.prevalence", row.prevalence, drawable_beta)
            _check_fit(f"type.{name}.success", row.success, drawable_beta)
        for level, interval in self.capability_levels.items():
            _check_fit(f"capability_level.{level}", interval, drawable_multiple)
        for name in ("emergence_gpt4_plus", "misaligned_given_emergence"):
            _check_fit(f"decomposition.{name}", getattr(self, name), drawable_beta)


def load_figures(override: Path | None = None) -> Figures:
    """The published figures, with those in the TOML file `override` replaced.

    The override holds only what differs, under the same keys.

    Raises:
        FiguresError: on a file that is no TOML, a key that the published figures do not have, or
            an interval that has no distribution to draw from.
    """
    published = resources.files("evals.risk").joinpath("figures.toml").read_text(encoding="utf-8")
    table = tomllib.loads(published)
    if override is None:
        return _figures(table)
    try:
        changes = tomllib.loads(override.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FiguresError(
            f"{override} is not TOML: {error}; write it as UTF-8 text like figures.toml"
        ) from error
    merged = _merged(table, changes, str(override))
    try:
        return _figures(merged)
    except FiguresError as error:
        raise FiguresError(f"{override}: {error}") from error


def _merged(
    base: Mapping[str, object], changes: Mapping[str, object], where: str
) -> dict[str, object]:
    merged = dict(base)
    for key, value in changes.items():
        if key not in base:
            raise FiguresError(f"{where}: unknown key {key!r}; known here: {', '.join(base)}")
        old = base[key]
        if isinstance(old, dict) != isinstance(value, dict):
            raise FiguresError(f"{where}: {key!r} is {value!r}, wanted something like {old!r}")
        if isinstance(old, dict) and isinstance(value, dict):
            value = _merged(old, value, f"{where} [{key}]")
        merged[key] = value
    return merged


def _figures(table: Mapping[str, object]) -> Figures:
    decomposition = _section(table, "decomposition")
    later, judged = "emergence_gpt4_plus", "misaligned_given_emergence"
    return Figures(
        horizons={
            name: _horizon(f"horizon.{name}", _section(_section(table, "horizon"), name))
            for name in _section(table, "horizon")
        },
        types={
            name: _type(f"type.{name}", _section(_section(table, "type"), name))
            for name in _section(table, "type")
        },
        capability_levels={
            name: _interval(f"capability_level.{name}", value)
            for name, value in _section(table, "capability_level").items()
        },
        emergence_gpt4_plus=_interval(f"decomposition.{later}", decomposition[later]),
        misaligned_given_emergence=_interval(f"decomposition.{judged}", decomposition[judged]),
        context={name: _section(table, name) for name in table if name not in _MODEL_SECTIONS},
    )


def _horizon(where: str, row: Mapping[str, object]) -> HorizonFigures:
    return HorizonFigures(
        emergence=_interval(f"{where}.emergence", row["emergence"]),
        misaligned_given_emergence=_interval(
            f"{where}.misaligned_given_emergence", row["misaligned_given_emergence"]
        ),
        catastrophe=_interval(f"{where}.catastrophe", row["catastrophe"]),
        harm_multiple=_interval(f"{where}.harm_multiple", row["harm_multiple"]),
        primary_concern=str(row["primary_concern"]),
    )


def _type(where: str, row: Mapping[str, object]) -> TypeFigures:
    return TypeFigures(
        prevalence=_interval(f"{where}.prevalence", row["prevalence"]),
        success=_interval(f"{where}.success", row["success"]),
        detectability=str(row["detectability"]),
        correction_difficulty=str(row["correction_difficulty"]),
        catastrophic_potential=str(row["catastrophic_potential"]),
        detection=_words(f"{where}.detection", row["detection"]),
        mitigation=_words(f"{where}.mitigation", row["mitigation"]),
    )


def _section(table: Mapping[str, object], name: str) -> Mapping[str, object]:
    section = table[name]
    if not isinstance(section, dict):
        raise FiguresError(f"{name} is {section!r}, wanted a table")
    return section


def _interval(where: str, value: object) -> Interval:
    numbers = value if isinstance(value, list) else []
    if len(numbers) != 2 or any(
        isinstance(number, bool)
        or not isinstance(number, int | float)
        or not abs(number) <= sys.float_info.max
        for number in numbers
    ):
        raise FiguresError(
            f"{where} is {value!r}, wanted [5% quantile, 95% quantile]; give two finite numbers"
        )
    return (float(numbers[0]), float(numbers[1]))


def _words(where: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise FiguresError(f"{where} is {value!r}, wanted a list of strings")
    return tuple(value)


def _check_fit(where: str, interval: Interval, fit: Callable[[float, float], object]) -> None:
    try:
        fit(*interval)
    except ValueError as error:
        raise FiguresError(f"{where}: {error}") from error
