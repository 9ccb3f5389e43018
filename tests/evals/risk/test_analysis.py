"""Evidence changes the risk, and the report says by how much and why."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from maze_panel import maze_panel

from evals.evidence.sweep import Sweep, SweepCount
from evals.report.words.strategy import crossing
from evals.risk.analysis import analyse
from evals.risk.figures import HORIZONS, MISALIGNMENT_TYPES, load_figures
from evals.risk.merged import Merged, merge
from evals.risk.risk_report import RiskReport, write_risk
from evals.risk.transport import load_transport
from evals.running.run import Finished

DRAWS = 4000


def ask(merged: Merged, weight: float = 0.2, **question: Any) -> RiskReport:
    transport = replace(load_transport(), weight=weight)
    return analyse(merged, load_figures(), transport, draws=DRAWS, **question)


def swept(*counts: int) -> Sweep:
    """Trained, emerged and misaligned networks of one recipe."""
    one = SweepCount("maze/proxy_corner", "spontaneous", *counts)
    return Sweep("dose", "a" * 64, "2026-11-01", "2026-11-02", (one,), {})


@pytest.fixture(scope="module")
def report() -> RiskReport:
    """Every cell counts, so that every type is measured."""
    return ask(maze_panel(marked=False))


def test_a_real_run_changes_the_risk_and_weight_zero_does_not(finished: Finished) -> None:
    found = ask(merge([finished.evidence]))
    for horizon in HORIZONS:
        judged, pooled, measured = (found.row(horizon, w).residual.mean for w in (0.0, 0.2, 1.0))
        assert min(judged, measured) <= pooled <= max(judged, measured)
    assert next(one.rule for one in found.access) == finished.evidence.rule


def test_contributions_add_up_to_the_risk(report: RiskReport) -> None:
    row = report.row("near_term", 0.2)
    for part, whole in (("unmitigated", row.unmitigated), ("residual", row.residual)):
        parts = [getattr(one, part).mean for one in report.types]
        assert sum(parts) == pytest.approx(whole.mean, rel=1e-9)
    assert sum(one.share or 0 for one in report.types) == pytest.approx(1)


def test_the_rule_is_shown_with_each_access(report: RiskReport) -> None:
    assert {one.rule: one.access for one in report.access} == {
        "panel": "weights", "panel@activations": "activations", "panel@outputs": "outputs",
    }  # fmt: skip
    costs = [one.cpu_seconds for one in report.access]
    assert costs == sorted(costs, reverse=True), "less access, fewer detectors, less work"
    assert {one.false_alarms.text[:7] for one in report.access} == {"1 of 30"}


def test_a_supposition_is_carried_through_and_named(report: RiskReport) -> None:
    supposed = ask(maze_panel(marked=False), supposed={"detect.deceptive": 0.0})
    assert supposed.supposed == "detect.deceptive = 0"
    before = {one.misalignment: one.residual.mean for one in report.types}
    after = {one.misalignment: one.residual.mean for one in supposed.types}
    assert after["deceptive"] > before["deceptive"]
    assert after["proxy"] == pytest.approx(before["proxy"], rel=1e-9)
    for kind, usual in zip(supposed.types, report.types, strict=True):
        for half in ("success", "detection"):
            for name in (f"judged_{half}", f"measured_{half}"):
                assert getattr(kind, name) == getattr(usual, name), "judged is judged still"
    usual_rows = [row for row in report.rows if row.scenario == "near_term"]
    assert list(supposed.unsupposed) == usual_rows
    assert not report.unsupposed


def test_perfect_handling_of_everything_is_reported_and_not_a_crash() -> None:
    every = {f"{half}.{name}": 1.0 for half in ("detect", "correct") for name in MISALIGNMENT_TYPES}
    safe = ask(maze_panel(), supposed=every)
    assert safe.row("near_term", 0.2).residual.mean == 0
    assert safe.predictive[0].ppv.mean > 0.3
    absent = ask(maze_panel(), supposed={"emergence": 0.0})
    assert set(absent.sobol) == {"fraction"}


def test_measurements_are_valued_at_the_level_that_the_report_states(report: RiskReport) -> None:
    """Knowing a rate exactly is worth at least what any measurement of it is worth."""
    worth = report.information
    slack = 0.02 * worth["everything"]
    for one in report.candidates:
        if one.access == report.access[0].access and f"measured_{one.misalignment}" in worth:
            assert one.value <= worth[f"measured_{one.misalignment}"] + slack


def test_only_a_sweep_moves_emergence_and_its_counts_are_named(report: RiskReport) -> None:
    flags = " ".join(ask(maze_panel(sweep=swept(20, 12, 0))).flags)
    assert "12 of 20" in flags
    assert "0 of 12" in flags
    found = ask(maze_panel(marked=False, sweep=swept(20, 0, 0)))
    for horizon in ("near_term", "medium_term"):  # judged at .5 and .7, measured near 0
        assert found.row(horizon, 0.0) == report.row(horizon, 0.0)
        without, with_it = (one.row(horizon, 1.0).unmitigated for one in (report, found))
        assert with_it.mean < without.mean, "nothing emerged in any network of the sweep"


def test_the_decision_level_is_stated_and_crossed_where_it_says(report: RiskReport) -> None:
    expected = report.row("near_term", 0.2).residual.mean
    assert report.decision_level == expected
    assert not crossing(report)
    ends = [report.row("near_term", w).residual.mean for w in (0.0, 1.0)]
    middle = 0.75 * ends[0] + 0.25 * ends[1]
    asked = ask(maze_panel(marked=False), decision_level=middle)
    assert "0.25" in crossing(asked)[0]
    assert asked.decision_level == middle


def test_the_report_follows_the_horizon_and_the_weight_asked_about() -> None:
    far = ask(maze_panel(), 0.5, horizon="medium_term")
    assert far.scenario == "medium_term"
    assert (far.weight, far.transport.product) == (0.5, 0.2)
    assert {row.weight for row in far.rows} == {0.0, 0.5, 1.0}
    assert far.decision_level == far.row("medium_term", 0.5).residual.mean
    with pytest.raises(ValueError, match="soon"):
        ask(maze_panel(), horizon="soon")


def test_the_same_evidence_gives_the_same_report(report: RiskReport, tmp_path: Path) -> None:
    assert ask(maze_panel(marked=False)) == report
    write_risk(report, tmp_path / "risk.json")
    read = json.loads((tmp_path / "risk.json").read_text())
    assert read["schema"] == "mesascope.risk/3"
    assert read["draws"] == DRAWS
