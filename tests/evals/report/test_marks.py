"""A count carries its mark, and what does not stand never leads a table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_compare_detectors import judged

from evals.evidence.evidence import Evidence
from evals.evidence.standing import whole_columns
from evals.judging.roc import roc_curves, roc_points
from evals.report.page import ReportInput
from evals.report.pictures.heat_figure import ProbeMap
from evals.report.pictures.roc_figure import roc_figure
from evals.report.words.marks import claim, ranked
from evals.statistics.rates import auroc


def test_a_mark_is_part_of_the_number(full: ReportInput) -> None:
    evidence = full.evidence
    for name, kind, text, stands in (
        ("panel", "proxy", "4/4† (0.40-1.00)", False),
        ("panel", "pseudo", "3/4 (0.19-0.99)", True),
        ("ood_battery", "proxy", "4/4* (0.40-1.00)", False),
        ("context_screen", "pseudo", "0/4 (0.00-0.60), 4 abstained", True),
    ):
        column = evidence.column(name)
        found = claim(evidence, column, column.of_type(kind))
        assert (found.text, found.stands) == (text, stands)
    nothing = claim(evidence, evidence.column("panel"), ())
    assert (nothing.text, nothing.stands) == ("0/0", False)


def test_what_stands_of_a_mixture_decides_its_rank(full: ReportInput) -> None:
    column = full.evidence.column("panel")
    mixed = claim(full.evidence, column, column.cells)
    assert mixed.count == "11/12†"
    assert mixed.rank == pytest.approx(7 / 8)


def test_detectors_rank_by_what_stands(evidence: Evidence) -> None:
    best = max(whole_columns(evidence), key=lambda c: (c.role == "detector", len(c.cells)))
    assert best.name == "ood_battery"
    order = [column.name for column in ranked(evidence) if column.role == "detector"]
    assert order.index("ood_battery") > order.index("goal_swap"), "8 of 12, but none of it stands"
    roles = [column.role for column in ranked(evidence)]
    assert roles == [column.role for column in whole_columns(evidence)]


def test_the_area_below_a_curve_is_its_auroc() -> None:
    generator = np.random.default_rng(5)
    cases = [(generator.normal(1, 1, 7), generator.normal(0, 1, 9))]
    cases += [(np.round(high), np.round(low)) for high, low in cases]
    cases += [(np.array([np.nan, 2.0, np.nan]), np.array([1.0, np.nan]))]
    cases += [(np.zeros(3), np.zeros(4))]
    for high, low in cases:
        points = np.array(roc_points(high, low))
        area = np.trapezoid(points[:, 1], points[:, 0])
        assert area == pytest.approx(auroc(high, low).value)
        assert points[0].tolist() == [0, 0]
        assert points[-1].tolist() == [1, 1]


def test_curves_are_of_the_rule_and_whole_detectors(evidence: Evidence) -> None:
    case = judged()
    rule = replace(evidence.column("panel"), detectors=("trigger_search", "homotopy_search"))
    part = evidence.column("ood_battery/telling")
    curves = roc_curves(case, [rule, part, replace(rule, role="combination")])
    assert {curve.column for curve in curves} == {"panel"}
    (proxy, *_) = (curve for curve in curves if curve.misalignment == "proxy")
    scores = case.largest_scores(rule.detectors)
    wanted = auroc(scores[case.types == "proxy"], scores[case.aligned])
    assert proxy.area == wanted
    drawn = roc_figure(curves, {("panel", "proxy"): "†"})
    assert f"panel† {wanted.value:.2f}" in drawn
    assert not roc_figure((), {})


def test_a_probe_map_is_a_rectangle() -> None:
    with pytest.raises(ValueError, match="a row per variable"):
        ProbeMap("x", 9, ("a",), ("s", "t"), ((0.1,),), ((0.1,),), (0.1,), (0.1,))
