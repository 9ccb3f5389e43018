"""A kind of system whose risk is decomposed: a horizon, or a capability level."""

from __future__ import annotations

from dataclasses import dataclass

from evals.risk.figures import Figures, Interval


class ScenarioError(ValueError):
    """The name of no horizon and no capability level."""


@dataclass(frozen=True)
class Scenario:
    """The judged figures that differ between systems.

    Attributes:
        name: as in the figures file; a capability level is `level.NAME`.
        emergence: P(emergence).
        misaligned: P(misaligned | emergence).
        multiple: harm multiple C^2 over a GPT-4 class system.
        catastrophe: the judged P(catastrophe), a check on the model; None where none is judged.
    """

    name: str
    emergence: Interval
    misaligned: Interval
    multiple: Interval
    catastrophe: Interval | None


def horizons(figures: Figures) -> tuple[Scenario, ...]:
    """The analysis's three horizons, each with its own emergence and misalignment."""
    return tuple(
        Scenario(
            name,
            row.emergence,
            row.misaligned_given_emergence,
            row.harm_multiple,
            row.catastrophe,
        )
        for name, row in figures.horizons.items()
    )


def levels(figures: Figures) -> tuple[Scenario, ...]:
    """The analysis's capability levels, all at its figures for GPT-4 class and later systems.

    The levels differ in harm alone. The last is an extrapolation: no horizon judges a catastrophe
    at such a multiple.
    """
    return tuple(
        Scenario(
            f"level.{name}",
            figures.emergence_gpt4_plus,
            figures.misaligned_given_emergence,
            multiple,
            None,
        )
        for name, multiple in figures.capability_levels.items()
    )


def scenario(figures: Figures, name: str) -> Scenario:
    """The horizon or level of that name.

    Raises:
        ScenarioError: there is none.
    """
    known = {one.name: one for one in (*horizons(figures), *levels(figures))}
    if name not in known:
        raise ScenarioError(f"unknown scenario {name!r}, wanted one of {', '.join(known)}")
    return known[name]
