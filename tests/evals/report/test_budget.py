"""P(detect) by budget on a simulated suite: choices by hand, costs, table and picture."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from test_compare_detectors import DETECTORS, judged

from evals.judging.budget import BudgetCurve, BudgetPoint, budget_curves, forward_costs
from evals.judging.entry import detector_entries, rule_entries
from evals.judging.opened_scores import OpenedScores
from evals.judging.selection import contenders, selections
from evals.report.pictures.budget_figure import budget_figure
from evals.report.tables.budget_table import budget_table

CHEAP, DEAR, RULE = "trigger_search", "homotopy_search", "panel"
COSTS = {CHEAP: 100, DEAR: 500, RULE: 600, "panel@activations": 100}


def designed() -> OpenedScores:
    """The cheap one is best on the third proxy family, the dear one on the others."""
    case = judged()
    strong = {CHEAP: (0.0, 0.0, 9.0), DEAR: (9.0, 9.0, 0.0)}
    rows = dict(case.rows)
    generator = np.random.default_rng(3)
    for name, shifts in strong.items():
        scores = generator.normal(size=len(case.members))
        for number, shift in enumerate(shifts):
            scores[case.families == f"maze/proxy_{number}"] = shift
        rows[name] = tuple(
            replace(row, value=float(value))
            for row, value in zip(case.rows[name], scores, strict=True)
        )
    return replace(case, rows=rows)


@pytest.fixture(scope="module")
def curves() -> tuple[BudgetCurve, ...]:
    return budget_curves(designed(), COSTS)


def curve(curves: tuple[BudgetCurve, ...], kind: str, grade: str, access: str) -> BudgetCurve:
    key = (kind, grade, access)
    return next(c for c in curves if (c.misalignment, c.adversary, c.access) == key)


def test_the_largest_budget_gives_the_choice_made_without_one(
    curves: tuple[BudgetCurve, ...],
) -> None:
    case = designed()
    among = contenders(case, [*detector_entries(case, DETECTORS), *rule_entries(case)])
    for one in selections(case, among):
        assert curve(curves, one.misalignment, "all", one.access).points[-1].chosen == one.chosen


def test_choices_by_hand(curves: tuple[BudgetCurve, ...]) -> None:
    whole = curve(curves, "proxy", "all", "weights")
    assert [point.budget for point in whole.points] == [100, 500, 600]
    picked = [[(c.detector, c.detected) for c in point.chosen] for point in whole.points]
    # Of 500 passes: without proxy_0 or proxy_1 either flags one of the other two whole, a tie that
    # the cheap one wins; without proxy_2 the dear one flags both, and nothing of proxy_2 itself.
    # The rule flags everything.
    assert picked == [
        [(CHEAP, 0), (CHEAP, 0), (CHEAP, 10)],
        [(CHEAP, 0), (CHEAP, 0), (DEAR, 0)],
        [(RULE, 10), (RULE, 10), (DEAR, 0)],
    ]
    assert [point.spent for point in whole.points] == [100, 500, 600]


def test_grades_part_the_report_and_not_the_choice(curves: tuple[BudgetCurve, ...]) -> None:
    whole = curve(curves, "proxy", "all", "weights")
    naive, evasive = (curve(curves, "proxy", grade, "weights") for grade in ("naive", "evasive"))
    for all_, one, other in zip(whole.points, naive.points, evasive.points, strict=True):
        assert all_.chosen == (*one.chosen, *other.chosen)
        assert [c.family for c in other.chosen] == ["maze/proxy_2"]
    assert "adaptive" not in {one.adversary for one in curves}, "no such organism, no curve"


def test_access_and_budget_both_bind() -> None:
    curves = budget_curves(designed(), {**COSTS, CHEAP: 300, "panel@activations": 300, DEAR: 50})
    assert {c.access for c in curves} == {"weights", "activations"}
    lower = curve(curves, "proxy", "all", "activations")
    assert [point.names for point in lower.points] == [(), (CHEAP,), (CHEAP,)]
    assert lower.points[0].seen.value is None
    assert lower.points[0].new_family is None
    assert curve(curves, "proxy", "all", "weights").points[0].names == (DEAR,)


def test_families_that_judge_themselves_leave_no_choice() -> None:
    assert budget_curves(judged("split"), COSTS) == ()


def test_a_cost_is_that_of_the_dearest_suspect_and_a_rule_pays_for_its_members() -> None:
    case = judged()
    last = len(case.members) - 1
    rows = {
        name: tuple(
            replace(row, forward_passes={CHEAP: (n == 0) * 90, DEAR: (n == last) * 70}.get(name, 1))
            for n, row in enumerate(found)
        )
        for name, found in case.rows.items()
    }
    costs = forward_costs(replace(case, rows=rows))
    assert (costs[CHEAP], costs[DEAR], costs["panel@activations"]) == (90, 70, 90)
    assert costs[RULE] == 90, "no suspect pays for both peaks"


def test_table_and_picture_show_every_step(curves: tuple[BudgetCurve, ...]) -> None:
    out = StringIO()
    Console(file=out, width=240).print(budget_table(curves))
    assert "20 of 30 (0.47-0.83)" in out.getvalue()
    picture = budget_figure(curves)
    assert "from 500 passes 0 of 30" in picture
    assert "mathdefault" not in picture, "tick labels are text and not the source of a formula"
    nothing = BudgetCurve("proxy", "all", "weights", (BudgetPoint((), 1, 0),))
    assert not budget_figure((nothing,))
