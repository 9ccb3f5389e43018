"""What the decomposition takes to be true: judged figures, measurements and suppositions."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

from evals.risk.laws import beta_from_bound, beta_from_interval, lognormal_from_interval
from evals.statistics.family_posterior import FamilyPosterior
from probes.arguments import near_misses
from probes.errors import MesascopeError
from probes.parsing import UnreadableFile, parse_toml

MISALIGNMENT_TYPES = ("proxy", "subgoal", "pseudo", "deceptive")
HORIZONS = ("current", "near_term", "medium_term")

Interval: TypeAlias = tuple[float, float]
"""A judged 90% interval: its 5% and 95% quantiles."""

OURS = "The mesascope authors (2026), mesascope, docs/adr/0016-risk-given-what-was-measured.md"
"""Source of what this model judges itself."""

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
class Judged:
    """One judged figure and where it comes from.

    Attributes:
        name: such as `type.proxy.success`, as a priors file has it.
        judged: its 5% and 95% quantile; one number for a step of the transport weight.
        meaning: what it is a figure of.
        source: author, year, title and address; the file that states it, if that was given.
        place: where the source has it, and what it is said to rest on.
    """

    name: str
    judged: tuple[float, ...]
    meaning: str
    source: str
    place: str


@dataclass(frozen=True)
class Figures:
    """Every figure, by the names of `HORIZONS` and of `MISALIGNMENT_TYPES`.

    Attributes:
        sources: by figure, then what the model judges itself; see `works` for what is cited.
    """

    horizons: Mapping[str, HorizonFigures]
    types: Mapping[str, TypeFigures]
    sources: tuple[Judged, ...] = field(default=(), compare=False)


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
        require_supposable(self.supposed)


def parse_what_if(words: Sequence[str]) -> dict[str, float]:
    """Suppositions written as `detect.deceptive=0.8`.

    Raises:
        QuestionError: no number, one name twice, an unknown name, or no probability.
    """
    supposed: dict[str, float] = {}
    for word in words:
        name, _, value = (part.strip() for part in word.partition("="))
        try:
            number = float(value)
        except ValueError:
            raise QuestionError(
                f"what if {word!r}? wanted NAME=NUMBER, such as detect.deceptive=0.8"
            ) from None
        if name in supposed:
            raise QuestionError(f"what if {name} were both {supposed[name]:g} and {number:g}?")
        supposed[name] = number
    require_supposable(supposed)
    return supposed


def require_supposable(supposed: Mapping[str, float]) -> None:
    """Refuse what the model has no input for, or what is no probability; raises `QuestionError`."""
    for name, value in supposed.items():
        if name not in TARGETS:
            raise QuestionError(f"what if {name!r}? {near_misses(name, TARGETS)}")
        if not 0 <= value <= 1:
            raise QuestionError(f"what if {name} were {value}? wanted a probability in [0, 1]")


def load_figures(override: Path | None = None) -> Figures:
    """The published figures, with those that the TOML file `override` names replaced.

    Raises:
        FiguresError: on a file that is no TOML, a key that the published figures do not have, or
            an interval that has no distribution to draw from.
    """
    table = _packed("figures.toml")
    stated: dict[str, str] = {}
    if override is not None:
        try:
            changes = parse_toml(override.read_bytes(), "it")
        except UnreadableFile as error:
            raise FiguresError(
                f"{override} is not TOML: {error}; write it as UTF-8 text, as "
                "`mesascope risk --priors-template` prints it"
            ) from error
        author = changes.pop("source", f"stated in {override.name}")
        if not isinstance(author, str):
            raise FiguresError(f"{override}: source is {author!r}, wanted author, year and address")
        _replace(table, changes, str(override))
        published = dict(_flat(_packed("figures.toml")))
        stated = {name: author for name, value in _flat(table) if value != published[name]}

    def row(section: str, name: str, keys: Iterable[str]) -> dict[str, Interval]:
        where = f"{override or 'figures.toml'}: {section}.{name}"
        return {key: _interval(f"{where}.{key}", key, table[section][name][key]) for key in keys}

    return Figures(
        {n: HorizonFigures(**row("horizon", n, HorizonFigures.__match_args__)) for n in HORIZONS},
        {n: TypeFigures(**row("type", n, TypeFigures.__match_args__)) for n in MISALIGNMENT_TYPES},
        tuple(_sourced(_flat(table), stated)),
    )


def works() -> tuple[str, ...]:
    """The published analysis, then the works that it cites: author, year, title and address."""
    return tuple(f"{_work(one)}. {one['note']}" for one in _packed("sources.toml")["work"].values())


def step_source(name: str, judged: float) -> Judged:
    """A step of the transport weight, with its source."""
    about = _packed("sources.toml")["step"]
    return Judged(name, (judged,), about["meaning"], OURS, about["place"])


def priors_template_text() -> str:
    """A priors file with every key, its judged value and its source."""
    lines = [
        "# Figures for `mesascope risk --priors FILE`: 90% intervals, [5% quantile, 95% quantile].",
        "# Keep the lines that you change and delete the others; what is here is what is used now.",
        f"# Source: {_work(_packed('sources.toml')['work']['analysis'])}.",
        '# source = "author, year and address of your own figures"',
    ]
    section = ""
    for figure in load_figures().sources:
        place, _, key = figure.name.rpartition(".")
        if place.startswith(("horizon.", "type.")):
            lines += [] if place == section else ["", f"[{place}]"]
            section = place
            lines += [f"# {figure.meaning}. {figure.place}.", f"{key} = {list(figure.judged)}"]
    return "\n".join(lines) + "\n"


def _packed(name: str) -> dict[str, Any]:
    """A TOML file of this folder."""
    file = resources.files("evals.risk").joinpath(name)
    return parse_toml(file.read_bytes(), file)


def _work(work: Mapping[str, Any]) -> str:
    return f"{work['authors']} ({work['year']}), {work['title']}, {work['address']}"


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Name and value of every figure, such as `type.proxy.success`."""
    for section, rows in table.items():
        for name, row in rows.items():
            yield from ((f"{section}.{name}.{key}", value) for key, value in row.items())


def _sourced(figures: Iterable[tuple[str, Any]], stated: Mapping[str, str]) -> Iterator[Judged]:
    """Every figure with its source, then what this model judges itself.

    Args:
        stated: by name the source of those that replace published ones.
    """
    sources = _packed("sources.toml")
    published = _work(sources["work"]["analysis"])
    for name, value in figures:
        about, place = sources["figure"][name.rpartition(".")[2]], "in place of the published one"
        own = stated.get(name)
        yield Judged(
            name,
            tuple(map(float, value)),
            about["meaning"],
            own or published,
            place if own else about["place"],
        )
    for name, about in sources["model"].items():
        yield Judged(
            f"model.{name}", tuple(about["judged"]), about["meaning"], OURS, about["place"]
        )


def _replace(base: dict[str, Any], changes: dict[str, Any], where: str) -> None:
    for key, value in changes.items():
        if key not in base:
            raise FiguresError(f"{where}: unknown key {key!r}: {near_misses(key, base)}")
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
