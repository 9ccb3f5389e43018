"""P(detect) by what the organisms were trained to evade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from evals.evidence.detector_rates import Cell, Column
from evals.statistics.family_posterior import FamilyCount, FamilyPosterior, family_posterior
from evals.statistics.rates import Rate, rate
from organisms.records.truth import Adversary


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
        return rate(
            sum(cell.detected for cell in self.cells),
            sum(cell.of for cell in self.cells),
            abstained=sum(cell.abstained for cell in self.cells),
        )

    @property
    def new_family(self) -> FamilyPosterior | None:
        """The rate on a further family of the grade."""
        return family_posterior([FamilyCount(c.family, c.detected, c.of) for c in self.cells])


def grades(column: Column) -> tuple[Grade, ...]:
    """The grades that have organisms, by type and from naive to adaptive."""
    return tuple(
        Grade(name, adversary, cells)
        for name in dict.fromkeys(cell.misalignment for cell in column.cells)
        for adversary in get_args(Adversary)
        if (cells := tuple(c for c in column.of_type(name) if c.adversary == adversary and c.of))
    )
