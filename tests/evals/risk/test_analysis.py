"""Evidence changes the risk, and the report says by how much and why."""

import json
from pathlib import Path

import pytest
from maze_panel import maze_panel

from evals.evidence.sweep import Sweep, SweepCount
from evals.report.words.strategy import crossing
from evals.risk.figures import HORIZONS, MISALIGNMENT_TYPES
from evals.risk.merged import merge
from evals.risk.risk_report import RiskReport, write_risk
from evals.running.run import Finished
from made_evidence import FEW_DRAWS, quick_risk


@pytest.fixture(scope="module")
def report() -> RiskReport:
    """Every cell counts, so that every type is measured."""
    return quick_risk(maze_panel(marked=False))


def test_a_real_run_changes_the_risk_and_weight_zero_does_not(finished: Finished) -> None:
    found = quick_risk(merge([finished.evidence]))
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
    supposed = quick_risk(maze_panel(marked=False), supposed={"detect.deceptive": 0.0})
    assert supposed.supposed == "detect.deceptive = 0"
    for kind, usual in zip(supposed.types, report.types, strict=True):
        if kind.misalignment == "deceptive":
            assert kind.residual.mean > usual.residual.mean
        else:
            assert kind.residual.mean == pytest.approx(usual.residual.mean, rel=1e-9)
        for name in ("judged_success", "measured_success", "judged_detection"):
            assert getattr(kind, name) == getattr(usual, name), "judged is judged still"
    usual_rows = [row for row in report.rows if row.scenario == "near_term"]
    assert (list(supposed.unsupposed), report.unsupposed) == (usual_rows, ())


def test_perfect_handling_of_everything_is_reported_and_not_a_crash() -> None:
    every = {f"{half}.{name}": 1.0 for half in ("detect", "correct") for name in MISALIGNMENT_TYPES}
    safe = quick_risk(maze_panel(), supposed=every)
    assert safe.row("near_term", 0.2).residual.mean == 0
    assert safe.predictive[0].ppv.mean > 0.3


def test_measurements_are_valued_at_the_level_that_the_report_states(report: RiskReport) -> None:
    """Knowing a rate exactly is worth at least what any measurement of it is worth."""
    worth = report.information
    slack = 0.02 * worth["everything"]
    for one in report.candidates:
        if one.access == report.access[0].access and f"measured_{one.misalignment}" in worth:
            assert one.value <= worth[f"measured_{one.misalignment}"] + slack


def test_only_a_sweep_moves_emergence_and_its_counts_are_named(report: RiskReport) -> None:
    none = SweepCount("maze/proxy_corner", "spontaneous", trained=20, emerged=0, misaligned=0)
    sweep = Sweep("dose", "a" * 64, "2026-11-01", "2026-11-02", (none,), {})
    found = quick_risk(maze_panel(marked=False, sweep=sweep))
    assert "0 of 20" in " ".join(found.flags)
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
    asked = quick_risk(maze_panel(marked=False), decision_level=middle)
    assert "0.25" in crossing(asked)[0]
    assert asked.decision_level == middle


def test_the_report_follows_the_horizon_and_the_weight_asked_about() -> None:
    far = quick_risk(maze_panel(), 0.5, horizon="medium_term")
    assert (far.scenario, far.weight, far.transport.product) == ("medium_term", 0.5, 0.2)
    assert far.decision_level == far.row("medium_term", 0.5).residual.mean
    with pytest.raises(ValueError, match="soon"):
        quick_risk(maze_panel(), horizon="soon")


def test_the_same_evidence_gives_the_same_report(report: RiskReport, tmp_path: Path) -> None:
    assert quick_risk(maze_panel(marked=False)) == report
    write_risk(report, tmp_path / "risk.json")
    read = json.loads((tmp_path / "risk.json").read_text())
    assert read["schema"] == "mesascope.risk/4"
    assert read["draws"] == FEW_DRAWS
