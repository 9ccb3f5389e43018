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
        misalignment: the type.
        adversary: naive, evasive or adaptive.
        cells: its families, each with organisms.
    """

    misalignment: str
    adversary: str
    cells: tuple[Cell, ...]

    def __post_init__(self) -> None:
        if not self.cells or not all(cell.of for cell in self.cells):
            raise ValueError(f"{self.misalignment}, {self.adversary}: a grade needs organisms")

    @property
    def seen(self) -> Rate:
        """Mean over the networks of the families seen."""
        return rate(
            sum(cell.detected for cell in self.cells),
            sum(cell.of for cell in self.cells),
            abstained=sum(cell.abstained for cell in self.cells),
        )

    @property
    def new_family(self) -> FamilyPosterior:
        """The rate on a further family of the grade."""
        posterior = family_posterior([FamilyCount(c.family, c.detected, c.of) for c in self.cells])
        assert posterior is not None
        return posterior


def grades(column: Column) -> tuple[Grade, ...]:
    """The grades that have organisms, by type and from naive to adaptive."""
    found = []
    for name in dict.fromkeys(cell.misalignment for cell in column.cells):
        for adversary in get_args(Adversary):
            cells = tuple(
                cell for cell in column.of_type(name) if cell.adversary == adversary and cell.of
            )
            if cells:
                found.append(Grade(name, adversary, cells))
    return tuple(found)
