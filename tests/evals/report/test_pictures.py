"""The pictures add up, say their numbers in words, and stand alone as files."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from evals.report.page import ReportInput
from evals.report.pictures.intervals import LONGEST_LABEL, Interval, Scale, draw_intervals
from evals.report.pictures.risks import (
    FIGURES,
    access_figure,
    fan,
    information_figure,
    risk_rows,
    waterfall_rows,
    write_figures,
)
from evals.report.pictures.svg import standalone_svg
from evals.report.words.strategy import risk_at
from evals.risk.risk_report import RiskReport
from evals.risk.summary import Summary


def label(drawing: Markup) -> str:
    """What a picture says to readers who do not see it."""
    found = re.search(r'aria-label="([^"]*)"', drawing)
    assert found
    return found[1]


def test_files_are_valid_svg_in_both_colour_schemes_and_depend_on_the_report_alone(
    report: ReportInput, tmp_path: Path
) -> None:
    paths = write_figures(report.risk, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == [f"{name}.svg" for name in FIGURES]
    texts = [path.read_text() for path in paths]
    for text in texts:
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.get("aria-label")
        assert "prefers-color-scheme: dark" in text
        assert not re.search(r"(href|src)=\"(?!#)|url\((?!#)|@import", text)
        used, given = set(re.findall(r"var\((--\w+)", text)), set(re.findall(r"(--\w+):", text))
        assert used
        assert used <= given
    assert texts == [path.read_text() for path in write_figures(report.risk, tmp_path)]


def test_a_drawing_without_view_box_is_refused() -> None:
    with pytest.raises(ValueError, match="view box"):
        standalone_svg(Markup("<svg></svg>"))


def test_waterfall_steps_lead_from_unmitigated_to_residual(report: ReportInput) -> None:
    total, *steps, residual, judged = waterfall_rows(report.risk)
    row = report.risk.row("near_term", 0.2)
    ends = [one.bar for one in (total, *steps, residual, judged)]
    assert all(ends)
    assert ends[0] == (0.0, row.unmitigated.mean)
    assert len(steps) == 4
    for above, below in zip([total, *steps], [*steps, residual], strict=True):
        assert above.link == pytest.approx(below.bar[1])  # type: ignore[index]
    assert judged.hollow
    assert ends[-1] == (0.0, report.risk.row("near_term", 0.0).residual.mean)


def test_the_fan_speaks_every_horizon_and_weight_and_draws_no_risk_too(report: ReportInput) -> None:
    assert label(fan(report.risk)).count("before,") == 9
    nothing = Summary(0.0, 0.0, 0.0, 0.0, 0.0)
    rows = tuple(replace(r, unmitigated=nothing, residual=nothing) for r in report.risk.rows)
    assert "0%" in fan(replace(report.risk, rows=rows))


def test_unmitigated_risk_has_a_row_per_weight_only_where_weights_differ(
    report: ReportInput, swept: RiskReport
) -> None:
    """Horizons 3; residual rows 3 each; R0 1 each without a sweep and 3 each with one."""

    def unmitigated(risk: RiskReport) -> list[Interval]:
        return [row for row in risk_rows(risk) if row.label.startswith("nothing handled")]

    assert len(unmitigated(report.risk)) == 3
    rows = unmitigated(swept)[:3]
    labels = [f"nothing handled (R0), weight {weight}" for weight in ("0", "0.2", "1")]
    assert [row.label for row in rows] == labels
    judged, pooled, measured = (row.centre for row in rows)
    assert judged > pooled > measured  # type: ignore[operator]


def test_information_is_a_share_of_knowing_everything_at_a_stated_level(
    report: ReportInput,
) -> None:
    def said(**values: float) -> str:
        return label(
            information_figure(replace(report.risk, decision_level=0.0123, information=values))
        )

    text = said(everything=0.002, kappa=0.001, multiple=0.0, transport=0.0)
    for words in ("r* = 1.23%", "hazard kappa: 50%", "harm multiple: not told from 0",
                  "relevance of organisms: 0: changes no decision"):  # fmt: skip
        assert words in text
    assert "no decision to change" in said(everything=0.0, kappa=0.0)


def test_access_shows_judgement_and_every_level_at_both_weights(report: ReportInput) -> None:
    text = label(access_figure(report.risk))
    assert re.findall(r"judged only|access: \w+", text) == [
        "judged only", *["access: activations", "access: outputs"] * 2
    ]  # fmt: skip
    with pytest.raises(KeyError, match="elsewhere"):
        risk_at(report.risk.access[0], "elsewhere", 0.2)


def drawn(label: str) -> str:
    rows = [Interval(label, low=0.2, high=0.6, centre=0.4)]
    return str(draw_intervals(rows, Scale("rate"), name="one", label="One row."))


def width(svg: str) -> float:
    found = re.search(r'viewBox="0 0 ([\d.]+)', svg)
    assert found
    return float(found[1])


def test_names_are_drawn_whole_at_the_price_of_width_and_endless_ones_are_cut() -> None:
    for name in ("panel", "distractor_sensitivity", "combined_fisher_interventions"):
        assert f">{name}<" in drawn(name)
    assert width(drawn("x" * 21)) == width(drawn("x" * 5)) < width(drawn("x" * 30))
    endless = drawn("x" * 99)
    assert f">{'x' * (LONGEST_LABEL - 1)}…<" in endless
    assert width(endless) == width(drawn("x" * LONGEST_LABEL))
