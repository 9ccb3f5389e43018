"""The paragraph says by how much the risk moved, why, and when the move means nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from evals.evidence.evidence import Evidence
from evals.evidence.sweep import Sweep, SweepCount
from evals.report.page import ReportInput
from evals.report.words.change import change, change_error
from evals.report.words.wording import fine_percent
from evals.risk.risk_report import RiskReport
from evals.risk.summary import Summary


def with_risks(
    risk: RiskReport, judged: float, pooled: float, *, width: float, mcse: float = 1e-6
) -> RiskReport:
    """The report with other expected residual risks; the pool's interval has that width."""
    means = {0.0: judged, risk.weight: pooled, 1.0: judged + (pooled - judged) / risk.weight}
    rows = []
    for row in risk.rows:
        mean = means[row.weight]
        summary = Summary(mean, mean - width / 2, mean, mean + width / 2, mcse)
        rows.append(replace(row, residual=summary))
    return replace(risk, rows=tuple(rows))


def without_types(risk: RiskReport) -> RiskReport:
    """The report with no type measured; the risks stay as they are."""
    types = tuple(
        replace(
            record, measured_detection=None, measured_success=None, of=0, detected=0, families=0
        )
        for record in risk.types
    )
    return replace(risk, types=types)


def test_names_both_risks_interval_and_weight(report: ReportInput) -> None:
    text = change(with_risks(report.risk, 0.0150, 0.0151, width=0.01))
    assert "At transport weight 0.2" in text
    assert "moves from 1.50%, which is judged alone, to 1.51% (90%: 1.0%-2.0%)" in text
    assert "near term, 2026-2028" in text
    assert "+0.01 percentage points" in text
    assert "is small beside what remains unknown: the 90% interval is 100 times as wide" in text


def test_change_within_the_simulation_error_is_no_change(report: ReportInput) -> None:
    noisy = with_risks(report.risk, 0.0150, 0.0151, width=0.01, mcse=2e-4)
    assert change_error(noisy) == pytest.approx(0.2 * (2e-4 + 2e-4))
    assert "cannot be told from no change at all" in change(noisy)
    assert "cannot be told" not in change(with_risks(report.risk, 0.0150, 0.0151, width=0.01))


def test_large_change_is_called_neither_small_nor_noise(report: ReportInput) -> None:
    text = change(with_risks(report.risk, 0.02, 0.01, width=0.01))
    assert "That is a change of -1 percentage points; the 90% interval is 1 points wide." in text
    assert "small beside" not in text


def test_reasons_name_types_above_below_and_equal(report: ReportInput) -> None:
    proxy, subgoal, pseudo, deceptive = report.risk.types
    wanted = {"proxy": -0.2, "pseudo": 0.0, "deceptive": 0.1}
    types = [
        replace(
            record,
            measured_detection=Summary(0.5, 0.0, 0.5, 1.0, 0.0),
            measured_success=replace(
                record.judged_success,
                mean=record.judged_success.mean + wanted[record.misalignment],
            ),
        )
        for record in (proxy, pseudo, deceptive)
    ]
    risk = report.risk
    moved = replace(risk, types=(*types, subgoal))
    text = change(moved)
    above, below = text.index("above the judged one for deceptive"), text.index("below the judged")
    assert above < below
    assert "below the judged one for proxy" in text
    assert "about equal to the judged one for pseudo" in text
    assert "Subgoal has no cell that counts and stays judged." in text


def test_weight_and_families_are_named(report: ReportInput) -> None:
    text = change(report.risk)
    assert (
        "The weight gives measured detection a 20% say; at weight 1, with measured detection"
        in text
    )
    assert "all else still judged" in text
    assert "sweep" not in text
    assert "No type was measured on more than 1 family" in text
    many = tuple(replace(record, families=5) for record in report.risk.types)
    assert "too few" not in change(replace(report.risk, types=many))


def test_weight_zero_changes_nothing(report: ReportInput) -> None:
    text = change(replace(report.risk, transport=replace(report.risk.transport, weight=0.0)))
    assert "At transport weight 0 what was measured counts for nothing" in text
    assert "moves" not in text


def test_nothing_measured_changes_nothing(report: ReportInput) -> None:
    text = change(without_types(report.risk))
    assert text.startswith("No cell counts for any type of misalignment")
    assert "at every transport weight" in text


def test_sweep_is_named_with_its_direction(swept: RiskReport) -> None:
    text = change(swept)
    judged, pooled = (
        swept.row(swept.scenario, weight).unmitigated.mean for weight in (0.0, swept.weight)
    )
    assert pooled < judged
    wanted = "Also, the sweep of recipes moves what precedes detection: the expected risk if "
    assert f"{wanted}nothing were handled (R0) goes down from {fine_percent(judged)}" in text
    assert "gives measured detection and the sweep a 20% say" in text


def test_sweep_alone_moves_the_risk_of_a_run_that_measured_no_type(swept: RiskReport) -> None:
    text = change(without_types(swept))
    assert text.startswith("No cell counts for any type of misalignment: detection stays judged.")
    assert "moves from" in text
    assert "Why: the sweep of recipes moves what precedes detection" in text
    assert "at every transport weight" not in text
    assert "measured success" not in text


def test_sweep_that_finds_search_everywhere_moves_the_risk_up(
    evidence: Evidence, judge_risk: Callable[..., RiskReport]
) -> None:
    counts = tuple(SweepCount(f"maze/{n}", "spontaneous", 30, 30, 30) for n in range(4))
    sweep = Sweep("dose", "a" * 64, "2026-11-01", "2026-11-02", counts, {})
    text = change(judge_risk(evidence, sweep))
    assert "(R0) goes up from" in text


def test_suppositions_come_first(report: ReportInput) -> None:
    supposed = replace(report.risk, supposed="detect.deceptive = 0.8")
    assert change(supposed).startswith("Supposing detect.deceptive = 0.8: ")
