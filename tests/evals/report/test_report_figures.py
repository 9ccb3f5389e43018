"""The pictures add up, say their numbers in words, and stand alone as files."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from evals.report.page import ReportInput
from evals.report.pictures.access_figure import access_rows, risk_at
from evals.report.pictures.fan import fan
from evals.report.pictures.figures import FIGURES, write_figures
from evals.report.pictures.information_figure import information_figure
from evals.report.pictures.intervals import Interval
from evals.report.pictures.risk_figure import risk_rows
from evals.report.pictures.svg import standalone_svg
from evals.report.pictures.waterfall import waterfall_rows
from evals.risk.risk_report import RiskReport
from evals.risk.summary import Summary


def test_files_are_valid_svg_in_both_colour_schemes(report: ReportInput, tmp_path: Path) -> None:
    paths = write_figures(report.risk, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == [f"{name}.svg" for name in FIGURES]
    for path in paths:
        text = path.read_text()
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.get("aria-label")
        assert "prefers-color-scheme: dark" in text
        assert not re.search(r"(href|src)=\"(?!#)|url\((?!#)|@import", text)
        used, given = set(re.findall(r"var\((--\w+)", text)), set(re.findall(r"(--\w+):", text))
        assert used
        assert used <= given


def test_files_depend_on_the_report_alone(report: ReportInput, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write_figures(report.risk, tmp_path)]
    assert first == [path.read_bytes() for path in write_figures(report.risk, tmp_path)]


def test_drawing_without_view_box_is_refused() -> None:
    with pytest.raises(ValueError, match="view box"):
        standalone_svg(Markup("<svg></svg>"))


def test_waterfall_steps_lead_from_unmitigated_to_residual(report: ReportInput) -> None:
    total, *steps, residual, judged = waterfall_rows(report.risk)
    row = report.risk.row("near_term", 0.2)
    assert total.segments[0].end == row.unmitigated.mean
    removed = sum(step.segments[0].end - step.segments[0].start for step in steps)
    assert len(steps) == 4
    assert total.segments[0].end - removed == pytest.approx(residual.segments[0].end, rel=1e-9)
    for above, below in zip([total, *steps], steps, strict=False):
        assert above.link == pytest.approx(below.segments[0].end)
    assert judged.segments[0].hollow
    assert judged.segments[0].end == report.risk.row("near_term", 0.0).residual.mean


def test_fan_speaks_every_horizon_and_weight(report: ReportInput) -> None:
    label = re.search(r'aria-label="([^"]*)"', fan(report.risk)).group(1)
    assert label.count("before,") == 9
    assert "level" not in label


def test_unmitigated_risk_has_a_row_per_weight_only_where_weights_differ(
    report: ReportInput, swept: RiskReport
) -> None:
    """Horizons 3; residual rows 3 each; R0 1 each without a sweep and 3 each with one."""

    def unmitigated(risk: RiskReport) -> list[Interval]:
        return [row for row in risk_rows(risk) if row.label.startswith("nothing handled")]

    assert len(unmitigated(report.risk)) == 3
    rows = unmitigated(swept)
    assert [row.label for row in rows[:3]] == [
        f"nothing handled (R0), weight {weight}" for weight in ("0", "0.2", "1")
    ]
    judged, pooled, measured = (row.centre for row in rows[:3])
    assert judged > pooled > measured


def test_fan_of_no_risk_is_drawn(report: ReportInput) -> None:
    nothing = Summary(0.0, 0.0, 0.0, 0.0, 0.0)
    rows = tuple(replace(r, unmitigated=nothing, residual=nothing) for r in report.risk.rows)
    drawn = fan(replace(report.risk, rows=rows))
    assert "0%" in drawn


def test_information_states_the_decision_level(report: ReportInput) -> None:
    values = {"everything": 0.002, "kappa": 0.001, "multiple": 0.0, "transport": 0.0}
    drawn = information_figure(replace(report.risk, decision_level=0.0123, information=values))
    assert "r* = 1.23%" in drawn
    assert "hazard kappa: 50%" in drawn
    assert "harm multiple: not told from 0" in drawn
    assert "relevance of organisms: 0: changes no decision" in drawn


def test_worthless_information_is_no_share(report: ReportInput) -> None:
    drawn = information_figure(replace(report.risk, information={"everything": 0.0, "kappa": 0.0}))
    assert "no decision to change" in drawn


def test_access_shows_judgement_and_every_level_at_both_weights(report: ReportInput) -> None:
    labels = [row.label for row in access_rows(report.risk) if not row.heading]
    levels = ["access: activations", "access: outputs"]
    assert labels == ["judged only", *levels, *levels]


def test_access_row_without_the_scenario_is_an_error(report: ReportInput) -> None:
    with pytest.raises(KeyError, match="elsewhere"):
        risk_at(report.risk.access[0], "elsewhere", 0.2)
