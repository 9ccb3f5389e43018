"""The judged figures of the mesa-optimization risk analysis, read from TOML."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

from evals.risk.judged import beta_from_bound, beta_from_interval, lognormal_from_interval

MISALIGNMENT_TYPES = ("proxy", "subgoal", "pseudo", "deceptive")
HORIZONS = ("current", "near_term", "medium_term")

Table: TypeAlias = dict[str, Any]
Interval: TypeAlias = tuple[float, float]
"""A judged 90% interval: its 5% and 95% quantiles."""


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
    """

    emergence: Interval
    misaligned_given_emergence: Interval
    catastrophe: Interval
    harm_multiple: Interval


@dataclass(frozen=True)
class TypeFigures:
    """One misalignment type's row.

    Attributes:
        prevalence: share of misaligned mesa-optimizers of this type.
        success: P(detected and mitigated).
    """

    prevalence: Interval
    success: Interval


@dataclass(frozen=True)
class Figures:
    """Every figure of the analysis; each interval has a distribution to draw from.

    Attributes:
        horizons: by the names of `HORIZONS`.
        types: by the names of `MISALIGNMENT_TYPES`.
    """

    horizons: Mapping[str, HorizonFigures]
    types: Mapping[str, TypeFigures]


def load_figures(override: Path | None = None) -> Figures:
    """The published figures, with those in the TOML file `override` replaced.

    The override holds only what differs, under the same keys.

    Raises:
        FiguresError: on a file that is no TOML, a key that the published figures do not have, or
            an interval that has no distribution to draw from.
    """
    table = tomllib.loads(resources.files("evals.risk").joinpath("figures.toml").read_text("utf-8"))
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


def _merged(base: Table, changes: Table, where: str) -> Table:
    merged = dict(base)
    for key, value in changes.items():
        if key not in base:
            raise FiguresError(f"{where}: unknown key {key!r}; known here: {', '.join(base)}")
        old = base[key]
        if isinstance(old, dict) != isinstance(value, dict):
            raise FiguresError(f"{where}: {key!r} is {value!r}, wanted something like {old!r}")
        nested = isinstance(old, dict)
        merged[key] = _merged(old, value, f"{where} [{key}]") if nested else value
    return merged


def _figures(table: Table) -> Figures:
    fits = {"harm_multiple": lognormal_from_interval, "catastrophe": beta_from_bound}
    found = {
        (section, name): {
            key: _interval(f"{section}.{name}.{key}", row[key], fits.get(key, beta_from_interval))
            for key in (field.name for field in fields(record))
        }
        for section, record in (("horizon", HorizonFigures), ("type", TypeFigures))
        for name, row in table[section].items()
    }
    return Figures(
        {name: HorizonFigures(**found["horizon", name]) for name in table["horizon"]},
        {name: TypeFigures(**found["type", name]) for name in table["type"]},
    )


def _interval(
    where: str, value: object, fit: Callable[[float, float], object] = beta_from_interval
) -> Interval:
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
    low, high = (float(number) for number in numbers)
    try:
        fit(low, high)
    except ValueError as error:
        raise FiguresError(f"{where}: {error}") from error
    return (low, high)
