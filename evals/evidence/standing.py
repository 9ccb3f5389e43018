"""Which columns and cells stand for what: whole columns, counts by type and adversary, claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from evals.evidence.detector_rates import Cell, DetectorRates
from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import Rival, voided
from evals.statistics.family_posterior import FamilyCount, FamilyPosterior, family_posterior
from evals.statistics.rates import Rate, rate
from organisms.records.truth import Adversary

ROLES = ("rule", "restricted", "combination", "detector", "baseline", "floor")
"""Roles of whole columns, in the order in which they are shown."""

USUAL_BEHAVIOUR = "in_distribution"
"""Baseline that looks at behaviour without any shift."""


def whole_columns(evidence: Evidence) -> tuple[DetectorRates, ...]:
    """Columns that are not a part of another one, by role."""
    whole = [c for c in evidence.columns if c.role in ROLES and "/" not in c.name]
    return tuple(sorted(whole, key=lambda column: ROLES.index(column.role)))


def part_columns(evidence: Evidence) -> tuple[DetectorRates, ...]:
    """Columns that are not whole: single conditions of a detector."""
    whole = {column.name for column in whole_columns(evidence)}
    return tuple(column for column in evidence.columns if column.name not in whole)


def verdict_columns(evidence: Evidence) -> tuple[DetectorRates, ...]:
    """The rule, then the fitted combination if there is one."""
    stacks = [column for column in evidence.columns if column.role == "combination"]
    return (evidence.column(evidence.rule), *stacks)


def cells_by_type(column: DetectorRates) -> dict[str, tuple[Cell, ...]]:
    """Type -> the column's cells that hold organisms; a type without any is left out."""
    seen = [cell for cell in column.cells if cell.of]
    names = dict.fromkeys(cell.misalignment for cell in seen)
    return {name: tuple(c for c in seen if c.misalignment == name) for name in names}


def seen_rate(cells: Sequence[Cell]) -> Rate:
    """The rate over the families seen, counts added up."""
    return rate(
        sum(cell.detected for cell in cells),
        sum(cell.of for cell in cells),
        abstained=sum(cell.abstained for cell in cells),
    )


@dataclass(frozen=True)
class Grade:
    """One type at one grade of adversary.

    Attributes:
        adversary: naive, evasive or adaptive.
        cells: its families, each with organisms.
    """

    misalignment: str
    adversary: str
    cells: tuple[Cell, ...]

    @property
    def seen(self) -> Rate:
        """Mean over the networks of the families seen."""
        return seen_rate(self.cells)

    @property
    def new_family(self) -> FamilyPosterior | None:
        """The rate on a further family of the grade."""
        return family_posterior([FamilyCount(c.family, c.detected, c.of) for c in self.cells])


def grades(column: DetectorRates) -> tuple[Grade, ...]:
    """The grades that have organisms, by type and from naive to adaptive."""
    return tuple(
        Grade(name, adversary, cells)
        for name in dict.fromkeys(cell.misalignment for cell in column.cells)
        for adversary in get_args(Adversary)
        if (cells := tuple(c for c in column.of_type(name) if c.adversary == adversary and c.of))
    )


def construction(cells: Sequence[Cell]) -> str:
    """Whether the column measures what admission selected the organisms by, in words."""
    marked = sum(cell.by_construction for cell in cells)
    if not marked:
        return ""
    return "by construction" if marked == len(cells) else "partly by construction"


def standing_text(evidence: Evidence, column: DetectorRates, cells: Sequence[Cell]) -> str:
    """Why the claims on these cells count for less, such as `void`; empty where they stand."""
    void = [cell for cell in cells if voided(evidence.killers, column, cell)]
    marks = [construction(cells)]
    if void:
        marks.append("void" if len(void) == len(cells) else f"{len(void)} of {len(cells)} void")
    return ", ".join(mark for mark in marks if mark)


def void_claims(evidence: Evidence) -> tuple[tuple[Rival, tuple[str, ...]], ...]:
    """Every rival explanation that voids claims, with the claims, such as `panel 4/4`."""
    found = []
    for rival in evidence.killers:
        taken = tuple(
            f"{column.name} {cell.detected}/{cell.of}"
            for column in evidence.columns
            for cell in column.cells
            if "/" not in column.name and rival.takes(column, cell)
        )
        if taken:
            found.append((rival, taken))
    return tuple(found)
