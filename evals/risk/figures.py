"""What the decomposition takes to be true: judged figures, measurements and suppositions."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

from evals.risk.laws import beta_from_bound, beta_from_interval, lognormal_from_interval
from evals.statistics.family_posterior import FamilyPosterior
from probes.errors import MesascopeError
from probes.parsing import UnreadableFile, parse_toml

MISALIGNMENT_TYPES = ("proxy", "subgoal", "pseudo", "deceptive")
HORIZONS = ("current", "near_term", "medium_term")

Interval: TypeAlias = tuple[float, float]
"""A judged 90% interval: its 5% and 95% quantiles."""

_FITS = {"harm_multiple": lognormal_from_interval, "catastrophe": beta_from_bound}
"""By key; every other interval is of a probability, `beta_from_interval`."""

TARGETS = (
    "emergence",
    "misaligned",
    *(f"{half}.{name}" for half in ("detect", "correct") for name in MISALIGNMENT_TYPES),
)


class FiguresError(MesascopeError, ValueError):
    """A figures file with an unknown key, a missing key or an impossible value."""


class QuestionError(MesascopeError, ValueError):
    """A horizon, supposition or step that the model does not have, or no probability."""


@dataclass(frozen=True)
class HorizonFigures:
    """One horizon's row of probabilities, and C^2, the harm over that of a GPT-4 class system.

    P(catastrophe) is a check on the model, not an input.
    """

    emergence: Interval
    misaligned_given_emergence: Interval
    catastrophe: Interval
    harm_multiple: Interval


@dataclass(frozen=True)
class TypeFigures:
    """One type's row: its share of misaligned mesa-optimizers, and P(detected and mitigated)."""

    prevalence: Interval
    success: Interval


@dataclass(frozen=True)
class Figures:
    """Every figure, by the names of `HORIZONS` and of `MISALIGNMENT_TYPES`."""

    horizons: Mapping[str, HorizonFigures]
    types: Mapping[str, TypeFigures]


@dataclass(frozen=True, eq=False)
class Beliefs:
    """The distributions of every input.

    Attributes:
        detection: measured P(detect) by misalignment type; a type that is absent or None has no
            measurement and stays judged at every transport weight.
        emergence: P(emergence) measured by a pre-registered sweep of spontaneous recipes.
        misaligned: P(misaligned | emergence), likewise.
        supposed: probabilities supposed known, by the names of `TARGETS`; they hold for the system
            at stake, whatever the weight. With `given`, knowing the detection of a type tells of
            its correction what the split of the judged success says, and the other way round.
        given: correction is drawn given the detection measured or supposed; False draws it as if
            it were independent of what was found.
    """

    figures: Figures
    detection: Mapping[str, FamilyPosterior | None] = field(default_factory=dict)
    emergence: FamilyPosterior | None = None
    misaligned: FamilyPosterior | None = None
    supposed: Mapping[str, float] = field(default_factory=dict)
    given: bool = True

    def __post_init__(self) -> None:
        for name, value in self.supposed.items():
            if name not in TARGETS:
                raise QuestionError(f"what if {name!r}? wanted one of {', '.join(TARGETS)}")
            if not 0 <= value <= 1:
                raise QuestionError(f"what if {name} were {value}? wanted a probability in [0, 1]")


def load_figures(override: Path | None = None) -> Figures:
    """The published figures, with those that the TOML file `override` names replaced.

    Raises:
        FiguresError: on a file that is no TOML, a key that the published figures do not have, or
            an interval that has no distribution to draw from.
    """
    published = resources.files("evals.risk").joinpath("figures.toml")
    table = parse_toml(published.read_bytes(), published)
    if override is not None:
        try:
            changes = parse_toml(override.read_bytes(), "it")
        except UnreadableFile as error:
            raise FiguresError(
                f"{override} is not TOML: {error}; write it as UTF-8 text like figures.toml"
            ) from error
        _replace(table, changes, str(override))

    def row(section: str, name: str, keys: Iterable[str]) -> dict[str, Interval]:
        where = f"{override or 'figures.toml'}: {section}.{name}"
        return {key: _interval(f"{where}.{key}", key, table[section][name][key]) for key in keys}

    return Figures(
        {n: HorizonFigures(**row("horizon", n, HorizonFigures.__match_args__)) for n in HORIZONS},
        {n: TypeFigures(**row("type", n, TypeFigures.__match_args__)) for n in MISALIGNMENT_TYPES},
    )


def _replace(base: dict[str, Any], changes: dict[str, Any], where: str) -> None:
    for key, value in changes.items():
        if key not in base:
            raise FiguresError(f"{where}: unknown key {key!r}; known here: {', '.join(base)}")
        if isinstance(base[key], dict) != isinstance(value, dict):
            raise FiguresError(f"{where}: {key!r} is {value!r}, wanted something like {base[key]}")
        if isinstance(value, dict):
            _replace(base[key], value, f"{where} [{key}]")
        else:
            base[key] = value


def _interval(where: str, key: str, value: Any) -> Interval:
    ends = value if isinstance(value, list) else []
    numbers = [end for end in ends if type(end) in (int, float) and abs(end) <= sys.float_info.max]
    if len(ends) != 2 or len(numbers) != 2:
        raise FiguresError(
            f"{where} is {value!r}, wanted [5% quantile, 95% quantile]; give two finite numbers"
        )
    low, high = map(float, numbers)
    try:
        _FITS.get(key, beta_from_interval)(low, high)
    except ValueError as error:
        raise FiguresError(f"{where}: {error}") from error
    return (low, high)
