"""A killer: one attempt to explain a run's rates away, and what came of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evals.column import Cell, Column, EvidenceError

VERDICTS = ("passed", "void", "at_chance", "blind", "not_run")
"""`void`: claims fall. `at_chance`: not told from permuted labels. `blind`: too few networks for
the test to fail. `not_run`: says why. What fails the whole run raises and is in no evidence."""

ARTEFACTS = ("weight_norm", "in_distribution")
"""Baselines of which an excess voids claims; every suite scores them."""

CLAIMING_ROLES = ("detector", "part", "rule", "restricted", "combination")
"""Columns that claim to detect; floors and baselines claim nothing."""


@dataclass(frozen=True)
class Killer:
    """What one killer found about one subject.

    Attributes:
        name: the killer, such as `weight_norm`.
        subject: what was tested: a column, a part of the packaging, or a type.
        access: access level whose claims a void verdict takes away; empty where only `subject` is
            concerned.
        family: family whose claims it takes away; empty for all.
        verdict: one of `VERDICTS`.
        p_value: of the test; None where there is none.
        networks: networks that the test rests on.
        text: a sentence with the figures.
    """

    name: str
    subject: str
    access: str
    family: str
    verdict: str
    p_value: float | None
    networks: int
    text: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise EvidenceError(f"killer {self.name}: verdict is {self.verdict!r}, not {VERDICTS}")
        if self.p_value is not None and not (
            math.isfinite(self.p_value) and 0 <= self.p_value <= 1
        ):
            raise EvidenceError(f"killer {self.name}: p-value {self.p_value} is outside [0, 1]")
        if self.networks < 0:
            raise EvidenceError(f"killer {self.name}: {self.networks} networks")
        if not self.text:
            raise EvidenceError(f"killer {self.name}: a verdict needs a sentence")

    def takes(self, column: Column, cell: Cell) -> bool:
        """Whether it voids the claim of a column on a family."""
        if self.verdict != "void" or column.role not in CLAIMING_ROLES:
            return False
        if self.family and self.family != cell.family:
            return False
        if self.access:
            return self.access == column.access
        return self.subject == column.name.partition("/")[0]


def voided(killers: tuple[Killer, ...], column: Column, cell: Cell) -> tuple[Killer, ...]:
    """The killers that void a claim; empty where it stands."""
    return tuple(killer for killer in killers if killer.takes(column, cell))
