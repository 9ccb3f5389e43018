"""P(detect) by forward passes per suspect: the best detector that a budget affords."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from evals.column import Cell, Column, EvidenceError
from evals.contest import contenders_at
from evals.ensemble import FEWEST_DETECTORS, FIXED, combined_kinds
from evals.evidence import Evidence
from evals.family_posterior import FamilyCount, FamilyPosterior, family_posterior
from evals.judge import Judged
from evals.rates import Rate, rate
from evals.rule import rule_scores
from evals.selection import FEWEST_TO_CHOOSE, Chosen, chosen_elsewhere
from organisms.truth import Adversary
from probes.access import Access

ALL_ADVERSARIES = "all"
UNAFFORDABLE = "no detector costs so little"
LONE_FAMILY = "one family of the type: no choice can be checked"
NO_ORGANISM = "no admitted organism"


@dataclass(frozen=True)
class BudgetPoint:
    """What one budget buys against one type and grade of adversary.

    Attributes:
        budget: forward passes per suspect, in instances sent through the network.
        contenders: detectors that cost no more on any suspect, and the rule as far as it does.
        chosen: family by family, the contender picked on the type's other families; empty where
            `flag` is not.
        by_construction: families on which the chosen measures what admission selected by.
        spent: forward passes of the dearest of the chosen on its dearest suspect.
        false_alarms: controls flagged by the chosen contender that flags most of them.
        flag: why nothing is measured, else empty.
    """

    budget: int
    contenders: tuple[str, ...]
    chosen: tuple[Chosen, ...] = ()
    by_construction: tuple[str, ...] = ()
    spent: int | None = None
    false_alarms: Rate | None = None
    flag: str = ""

    def __post_init__(self) -> None:
        if bool(self.chosen) == bool(self.flag):
            raise ValueError(
                f"budget {self.budget}: {len(self.chosen)} choices with the flag {self.flag!r}; "
                "a point is either measured or says why not"
            )
        if bool(self.chosen) != (self.spent is not None and self.false_alarms is not None):
            raise ValueError(f"budget {self.budget}: a choice comes with its cost and alarms")
        if self.spent is not None and self.spent > self.budget:
            raise ValueError(f"{self.spent} forward passes exceed the budget of {self.budget}")

    @property
    def seen(self) -> Rate | None:
        """Networks flagged by the contender chosen without their family; None where flagged."""
        if not self.chosen:
            return None
        return rate(sum(c.detected for c in self.chosen), sum(c.of for c in self.chosen))

    @property
    def new_family(self) -> FamilyPosterior | None:
        """The rate on a further family, approximate as that of `Selection`; None where flagged."""
        return family_posterior([FamilyCount(c.family, c.detected, c.of) for c in self.chosen])

    @property
    def names(self) -> tuple[str, ...]:
        """The contenders chosen, each once."""
        return tuple(dict.fromkeys(choice.detector for choice in self.chosen))


@dataclass(frozen=True)
class BudgetCurve:
    """A type and a grade of adversary at one access level, budget by budget.

    Attributes:
        misalignment: the type.
        adversary: naive, evasive or adaptive; `all` for every family of the type.
        access: highest access of the contenders.
        points: by rising budget, the grid shared by all curves of a run.
    """

    misalignment: str
    adversary: str
    access: str
    points: tuple[BudgetPoint, ...]

    def __post_init__(self) -> None:
        budgets = [point.budget for point in self.points]
        affordable = [len(point.contenders) for point in self.points]
        if budgets != sorted(set(budgets)) or affordable != sorted(affordable):
            raise ValueError(
                f"{self.misalignment}: budgets {budgets} afford {affordable} contenders; a larger "
                "budget affords all that a smaller one does"
            )

    @property
    def steps(self) -> tuple[BudgetPoint, ...]:
        """Points at which the choice or the reason for having none changes."""
        kept: list[BudgetPoint] = []
        for point in self.points:
            last = kept[-1] if kept else None
            if last is None or (last.chosen, last.flag) != (point.chosen, point.flag):
                kept.append(point)
        return tuple(kept)


def forward_costs(judged: Judged) -> dict[str, int]:
    """Detector, rule or combination -> forward passes on the suspect that took most; rules and
    combinations pay for all their members.
    """
    costs = {name: max(row.forward_passes for row in rows) for name, rows in judged.rows.items()}
    groups = {one.name: one.kinds for one in rule_scores(judged)}
    combined = combined_kinds(list(judged.rows))
    groups |= dict.fromkeys(FIXED, combined) if len(combined) >= FEWEST_DETECTORS else {}
    for name, kinds in groups.items():
        members = zip(*(judged.rows[kind.name] for kind in kinds), strict=True)
        costs[name] = max(sum(row.forward_passes for row in rows) for rows in members)
    return costs


def budget_curves(evidence: Evidence, costs: Mapping[str, int]) -> tuple[BudgetCurve, ...]:
    """A curve for every access level that adds a contender, type and grade of adversary.

    Contenders and levels are those of `evals.contest.selections`, so that the largest budget gives
    that choice. It is made on all other families of the type, of every grade: an auditor does not
    know what a network was trained to evade. The grades part what is reported.

    Args:
        evidence: columns at the thresholds that the suite declares.
        costs: detector, rule or combination -> forward passes per suspect, as of `forward_costs`.

    Raises:
        EvidenceError: a contender has no cost.
    """
    detectors = [
        column
        for column in evidence.columns
        if column.name in FIXED or (column.role == "detector" and _misaligned(column))
    ]
    rules = list(evidence.rules)
    missing = [column.name for column in (*detectors, *rules) if column.name not in costs]
    if missing:
        raise EvidenceError(f"no forward passes known of {missing}; take those of the same run")
    grid = sorted({costs[column.name] for column in (*detectors, *rules)})
    levels = sorted({_level(column) for column in (*detectors, *rules)}, reverse=True)
    curves = []
    for level in levels:
        for kind in evidence.types:
            for grade in (ALL_ADVERSARIES, *get_args(Adversary)):
                points = []
                for budget in grid:
                    found, ruling = (
                        [column for column in group if costs[column.name] <= budget]
                        for group in (detectors, rules)
                    )
                    contenders = contenders_at(level, found, ruling, _level)
                    points.append(_point(budget, contenders, costs, kind, grade))
                curves.append(BudgetCurve(kind, grade, level.label, tuple(points)))
    return tuple(curves)


def _misaligned(column: Column) -> bool:
    return column.question == "misaligned"


def _level(column: Column) -> Access:
    return Access[column.access.upper()]


def _point(
    budget: int, contenders: Sequence[Column], costs: Mapping[str, int], kind: str, grade: str
) -> BudgetPoint:
    names = tuple(column.name for column in contenders)
    if not contenders:
        return BudgetPoint(budget, names, flag=UNAFFORDABLE)
    cells = [[cell for cell in column.of_type(kind) if cell.of] for column in contenders]
    reported = {c.family for c in cells[0] if grade in (ALL_ADVERSARIES, c.adversary)}
    if not reported:
        return BudgetPoint(budget, names, flag=NO_ORGANISM)
    if len(cells[0]) < FEWEST_TO_CHOOSE:
        return BudgetPoint(budget, names, flag=LONE_FAMILY)
    chosen = tuple(one for one in _choose(names, cells) if one.family in reported)
    by_name = {column.name: column for column in contenders}
    picked = {one.detector for one in chosen}
    return BudgetPoint(
        budget=budget,
        contenders=names,
        chosen=chosen,
        by_construction=tuple(
            one.family
            for one in chosen
            for cell in by_name[one.detector].of_type(kind)
            if cell.family == one.family and cell.by_construction
        ),
        spent=max(costs[name] for name in picked),
        false_alarms=max(
            (by_name[name].false_alarms for name in names if name in picked),
            key=lambda alarms: alarms.detected,
        ),
    )


def _choose(names: Sequence[str], cells: Sequence[Sequence[Cell]]) -> tuple[Chosen, ...]:
    families = sorted(cell.family for cell in cells[0])
    by_family = [{cell.family: cell for cell in row} for row in cells]
    return chosen_elsewhere(
        np.array([[row[family].detected for family in families] for row in by_family]),
        names,
        families,
        np.array([by_family[0][family].of for family in families]),
    )
