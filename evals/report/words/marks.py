"""A count with the mark that belongs to it: void, or true by construction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.evidence.detector_rates import Cell, DetectorRates
from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import Rival, voided
from evals.evidence.standing import seen_rate, whole_columns

BY_CONSTRUCTION, VOID = "*", "†"


@dataclass(frozen=True)
class Claim:
    """What one column says of some families.

    Attributes:
        count: such as `4/4†`; the mark is part of it.
        interval: such as `(0.40-1.00)`, empty without networks.
        mark: of its cells that do not stand; empty where all do.
        rank: share caught among the networks whose cells stand, by which claims are sorted; -1
            where none stands.
    """

    count: str
    interval: str
    mark: str
    rank: float

    @property
    def text(self) -> str:
        """The count with its interval."""
        return f"{self.count} {self.interval}".strip()

    @property
    def stands(self) -> bool:
        """Whether any cell of it counts as a finding."""
        return self.rank >= 0


def marks_text(killers: tuple[Rival, ...], column: DetectorRates, cells: Sequence[Cell]) -> str:
    """The marks of a rate over these cells: one cell that needs a mark marks all."""
    constructed = any(cell.by_construction for cell in cells)
    void = any(voided(killers, column, cell) for cell in cells)
    return BY_CONSTRUCTION * constructed + VOID * void


def claim(evidence: Evidence, column: DetectorRates, cells: Sequence[Cell]) -> Claim:
    """The claim of a column on cells of its own, counts added up."""
    seen = seen_rate(cells)
    mark = marks_text(evidence.killers, column, cells)
    standing = [cell for cell in cells if not marks_text(evidence.killers, column, [cell])]
    rank = seen_rate(standing).value
    abstained = f", {seen.abstained} abstained" if seen.abstained else ""
    interval = (
        ""
        if seen.interval is None
        else f"({seen.interval[0]:.2f}-{seen.interval[1]:.2f}){abstained}"
    )
    return Claim(f"{seen.detected}/{seen.of}{mark}", interval, mark, -1.0 if rank is None else rank)


def ranked(evidence: Evidence) -> tuple[DetectorRates, ...]:
    """Whole columns by role; within a role by what they caught that stands, the most first."""

    def caught(column: DetectorRates) -> float:
        return claim(evidence, column, [cell for cell in column.cells if cell.of]).rank

    columns = whole_columns(evidence)
    roles = list(dict.fromkeys(column.role for column in columns))
    return tuple(sorted(columns, key=lambda c: (roles.index(c.role), -caught(c))))
