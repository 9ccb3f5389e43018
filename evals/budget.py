"""P(detect) by forward passes per suspect: the best detector that a budget affords."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from evals.bench import Bench
from evals.choice import Chosen
from evals.entry import detector_entries, rule_entries
from evals.family_posterior import FamilyCount, FamilyPosterior, family_posterior
from evals.judge import Judged
from evals.rates import Rate, rate
from evals.selection import (
    FEWEST_TO_CHOOSE,
    Contender,
    at_level,
    can_choose,
    choose,
    contenders,
    levels,
)
from organisms.truth import Adversary

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
        spent: forward passes of the dearest of the chosen on its dearest suspect.
        flag: why nothing is measured, else empty.
    """

    budget: int
    contenders: tuple[str, ...]
    chosen: tuple[Chosen, ...] = ()
    spent: int | None = None
    flag: str = ""

    def __post_init__(self) -> None:
        if bool(self.chosen) == bool(self.flag):
            raise ValueError(
                f"budget {self.budget}: {len(self.chosen)} choices with the flag {self.flag!r}; "
                "a point is either measured or says why not"
            )

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
    """Detector or rule -> forward passes on the suspect that took most; a rule pays for all its
    detectors.
    """
    costs = {name: max(row.forward_passes for row in rows) for name, rows in judged.rows.items()}
    for entry in rule_entries(judged):
        members = zip(*(judged.rows[name] for name in entry.detectors), strict=True)
        costs[entry.name] = max(sum(row.forward_passes for row in rows) for rows in members)
    return costs


def budget_curves(judged: Judged, costs: Mapping[str, int]) -> tuple[BudgetCurve, ...]:
    """A curve for every access level that adds a contender, type and grade of adversary.

    The largest budget gives the choice of `evals.selection`. It is made on all other families of
    the type, of every grade: an auditor does not know what a network was trained to evade. The
    grades part what is reported. Nothing where limits cannot be set twice by different families.

    Args:
        judged: opened scores.
        costs: detector or rule -> forward passes per suspect, as of `forward_costs`.
    """
    bench = Bench(judged, judged.suite.rule.threshold)
    if not can_choose(bench):
        return ()
    entries = [*detector_entries(judged, list(judged.rows)), *rule_entries(judged)]
    among = contenders(bench, entries)
    grid = sorted({costs[one.entry.name] for one in among})
    curves = []
    for level in levels(among):
        for kind in np.unique(judged.types[~judged.aligned]).tolist():
            adversaries = {
                truth.family: truth.adversary
                for truth in judged.truth.values()
                if truth.misalignment == kind
            }
            for grade in (ALL_ADVERSARIES, *get_args(Adversary)):
                points = tuple(
                    _point(budget, among, level, costs, adversaries, grade) for budget in grid
                )
                curves.append(BudgetCurve(kind, grade, level.label, points))
    return tuple(curves)


def _point(
    budget: int,
    among: Sequence[Contender],
    level: int,
    costs: Mapping[str, int],
    adversaries: Mapping[str, str],
    grade: str,
) -> BudgetPoint:
    affordable = [one for one in among if costs[one.entry.name] <= budget]
    allowed = at_level(affordable, level)
    names = tuple(one.entry.name for one in allowed)
    reported = {f for f, adversary in adversaries.items() if grade in (ALL_ADVERSARIES, adversary)}
    if not allowed:
        return BudgetPoint(budget, names, flag=UNAFFORDABLE)
    if not reported:
        return BudgetPoint(budget, names, flag=NO_ORGANISM)
    if len(adversaries) < FEWEST_TO_CHOOSE:
        return BudgetPoint(budget, names, flag=LONE_FAMILY)
    chosen = tuple(one for one in choose(allowed, sorted(adversaries)) if one.family in reported)
    return BudgetPoint(budget, names, chosen, max(costs[one.detector] for one in chosen))
