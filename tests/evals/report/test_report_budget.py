"""P(detect) by budget on a simulated suite: choices by hand, costs, flags, table and page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console
from test_report_contest import DETECTORS, SHIFTS, evidence, judged

from evals.budget import (
    LONE_FAMILY,
    NO_ORGANISM,
    UNAFFORDABLE,
    BudgetCurve,
    BudgetPoint,
    budget_curves,
    forward_costs,
)
from evals.budget_table import budget_table
from evals.column import Column, EvidenceError
from evals.ensemble import FIXED
from evals.evidence import Evidence
from evals.rates import rate
from evals.report.budget_figure import budget_figure
from evals.report.page import ReportInput, render_page
from evals.risk_report import RiskReport
from evals.selection import Chosen

CHEAP, DEAR, RULE = "trigger_search", "homotopy_search", "panel"
COSTS = {CHEAP: 100, DEAR: 500, RULE: 600, "panel@activations": 100, **dict.fromkeys(FIXED, 600)}
FAMILIES = ("proxy_0", "proxy_1", "proxy_2")
"""The last is evasive, the others naive."""


@pytest.fixture(scope="module")
def found() -> Evidence:
    return evidence(judged())


def flagging(column: Column, counts: tuple[int, ...], alarms: int = 0) -> Column:
    """The column with so many of ten networks flagged in each proxy family."""
    detected = dict(zip((f"maze/{name}" for name in FAMILIES), counts, strict=True))
    cells = tuple(replace(c, detected=detected.get(c.family, c.detected)) for c in column.cells)
    rows = tuple(
        replace(row, alarms=alarms if n == 0 else 0) for n, row in enumerate(column.alarms)
    )
    return replace(column, cells=cells, alarms=rows, operating=(), assured=None)


def designed(found: Evidence) -> Evidence:
    """The cheap one is best on the third family, the dear one on the others."""
    counts = {CHEAP: ((2, 2, 10), 3), DEAR: ((9, 8, 0), 1), RULE: ((7, 7, 7), 2)}
    counts["panel@activations"] = ((0, 0, 0), 0)
    columns = tuple(
        flagging(one, *counts[one.name]) if one.name in counts else one
        for one in found.columns
        if one.name not in FIXED
    )
    return replace(found, columns=columns, selections=(), boards=())


def curve(curves: tuple[BudgetCurve, ...], kind: str, grade: str, access: str) -> BudgetCurve:
    key = (kind, grade, access)
    return next(c for c in curves if (c.misalignment, c.adversary, c.access) == key)


def test_the_largest_budget_gives_the_choice_of_the_run(found: Evidence) -> None:
    curves = budget_curves(found, COSTS)
    for one in found.selections:
        assert curve(curves, one.misalignment, "all", one.access).points[-1].chosen == one.chosen


def test_choices_by_hand(found: Evidence) -> None:
    whole = curve(budget_curves(designed(found), COSTS), "proxy", "all", "weights")
    assert [point.budget for point in whole.points] == [100, 500, 600]
    picked = [[(c.detector, c.detected) for c in point.chosen] for point in whole.points]
    # Of 500 passes: on proxy_1 and proxy_2 cheap has 1.2, dear .8; on 0 and 2 cheap 1.2, dear .9;
    # on 0 and 1 cheap .4, dear 1.7, though it flags nothing of proxy_2, on which it is reported.
    # Of 600 the rule has 1.4 everywhere, and is beaten on 0 and 1 alone.
    assert picked == [
        [(CHEAP, 2), (CHEAP, 2), (CHEAP, 10)],
        [(CHEAP, 2), (CHEAP, 2), (DEAR, 0)],
        [(RULE, 7), (RULE, 7), (DEAR, 0)],
    ]
    assert [(p.seen.detected, p.seen.of) for p in whole.points if p.seen] == [
        (14, 30), (4, 30), (14, 30)
    ]  # fmt: skip
    assert [point.spent for point in whole.points] == [100, 500, 600]
    worst = [p.false_alarms.detected for p in whole.points if p.false_alarms]
    assert worst == [3, 3, 2], "of the chosen, the one that flags most controls"
    assert whole.points[0].new_family is not None
    assert [count.detected for count in whole.points[0].new_family.counts] == [2, 2, 10]


def test_grades_part_the_report_and_not_the_choice(found: Evidence) -> None:
    curves = budget_curves(designed(found), COSTS)
    whole = curve(curves, "proxy", "all", "weights")
    naive, evasive, adaptive = (
        curve(curves, "proxy", grade, "weights") for grade in ("naive", "evasive", "adaptive")
    )
    for all_, one, other in zip(whole.points, naive.points, evasive.points, strict=True):
        assert all_.chosen == (*one.chosen, *other.chosen)
        assert [c.family for c in other.chosen] == ["maze/proxy_2"]
    assert {point.flag for point in adaptive.points} == {NO_ORGANISM}
    assert all(point.seen is None and point.new_family is None for point in adaptive.points)


def test_access_and_budget_both_bind(found: Evidence) -> None:
    curves = budget_curves(
        designed(found), {**COSTS, CHEAP: 300, "panel@activations": 300, DEAR: 50}
    )
    assert {c.access for c in curves} == {"weights", "activations"}
    lower = curve(curves, "proxy", "all", "activations")
    assert [point.contenders for point in lower.points] == [
        (), (CHEAP, "panel@activations"), (CHEAP, "panel@activations")
    ]  # fmt: skip
    assert [point.flag for point in lower.points] == [UNAFFORDABLE, "", ""]
    assert lower.points[0].seen is None
    assert curve(curves, "proxy", "all", "weights").points[0].names == (DEAR,)


def test_one_family_of_a_type_has_no_rate(found: Evidence) -> None:
    kept = {"maze/deceptive_0"}
    alone = replace(
        found,
        columns=tuple(
            replace(
                c,
                cells=tuple(x for x in c.cells if x.misalignment == "proxy" or x.family in kept),
                operating=(),
                assured=None,
            )
            for c in found.columns
        ),
    )
    points = curve(budget_curves(alone, COSTS), "deceptive", "all", "weights").points
    assert {point.flag for point in points} == {LONE_FAMILY}
    assert all(point.seen is None and point.spent is None for point in points)


def test_a_cost_is_that_of_the_dearest_suspect_and_a_rule_pays_for_its_members() -> None:
    case = judged()
    last = len(case.members) - 1
    rows = {
        name: tuple(
            replace(row, forward_passes={CHEAP: (n == 0) * 90, DEAR: (n == last) * 70}.get(name, 1))
            for n, row in enumerate(case.rows[name])
        )
        for name in DETECTORS
    }
    costs = forward_costs(replace(case, rows=rows))
    assert (costs[CHEAP], costs[DEAR], costs["panel@activations"]) == (90, 70, 90)
    assert costs[RULE] == 90, "no suspect pays for both peaks"


def test_by_construction_is_carried_over(found: Evidence) -> None:
    marked = tuple(
        replace(c, cells=tuple(replace(x, by_construction=c.name == CHEAP) for x in c.cells))
        for c in designed(found).columns
    )
    points = curve(
        budget_curves(replace(designed(found), columns=marked), COSTS), "proxy", "all", "weights"
    ).points
    assert [len(point.by_construction) for point in points] == [3, 2, 0]


def test_bad_points_and_curves_are_refused(found: Evidence) -> None:
    choice = (Chosen("a", ("b",), "x", 1, 2),)
    with pytest.raises(ValueError, match="exceed the budget"):
        BudgetPoint(5, ("x",), choice, spent=6, false_alarms=rate(0, 4))
    with pytest.raises(ValueError, match="says why not"):
        BudgetPoint(5, ("x",))
    with pytest.raises(ValueError, match="cost and alarms"):
        BudgetPoint(5, ("x",), choice)
    poor, rich = BudgetPoint(1, ("x",), flag="-"), BudgetPoint(2, (), flag="-")
    with pytest.raises(ValueError, match="a larger budget affords"):
        BudgetCurve("proxy", "all", "weights", (poor, rich))
    with pytest.raises(EvidenceError, match=r"no forward passes known of \['homotopy_search'\]"):
        budget_curves(found, {name: cost for name, cost in COSTS.items() if name != DEAR})


def test_table_and_page_show_every_step(
    found: Evidence, judge_risk: Callable[..., RiskReport]
) -> None:
    curves = budget_curves(designed(found), COSTS)
    out = StringIO()
    Console(file=out, width=240).print(budget_table(curves))
    printed = out.getvalue()
    assert "14 of 30 (0.28-0.66)" in printed
    assert "no admitted organism" in printed
    plain = ReportInput(found, judge_risk(found))
    page = render_page(replace(plain, budget=curves))
    assert "What detection costs" in page
    assert "mathdefault" not in page, "tick labels are text and not the source of a formula"
    assert "<td>4 of 30 (0.04-0.31)</td>" in page
    assert "from 500 passes 4 of 30 (0.04-0.31)" in page, "spoken by the picture"
    assert "What detection costs" not in render_page(plain)


def test_nothing_to_choose_is_no_picture(found: Evidence) -> None:
    flagged = BudgetCurve("proxy", "all", "weights", (BudgetPoint(1, ("x",), flag=LONE_FAMILY),))
    assert not budget_figure((flagged,))
    assert set(SHIFTS) <= {c.misalignment for c in budget_curves(found, COSTS)}
