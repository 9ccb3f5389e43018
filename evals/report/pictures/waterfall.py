"""How detection and correction of each type take the risk from unmitigated to residual."""

from __future__ import annotations

from markupsafe import Markup

from evals.report.pictures.bars import Bar, Segment, draw_bars
from evals.report.pictures.svg import DETECTOR, INK, JUDGED, PREDICTED
from evals.report.words.wording import close_risk_text, percent, scenario_text, weight_text
from evals.risk.risk_report import RiskReport


def waterfall(report: RiskReport) -> Markup:
    """The figure of the report's scenario and weight."""
    rows = waterfall_rows(report)
    spoken = "; ".join(f"{row.label}: {row.detail}" for row in rows)
    return draw_bars(
        rows,
        title=f"P(catastrophe), {scenario_text(report.scenario)}: means (90% interval)",
        tick=percent,
        name="waterfall",
        label=f"From unmitigated to residual risk, {scenario_text(report.scenario)}. {spoken}.",
    )


def waterfall_rows(report: RiskReport) -> list[Bar]:
    """Unmitigated, what each type takes away, what is left, and what judgement alone leaves."""
    row = report.row(report.scenario, report.weight)
    judged = report.row(report.scenario, 0.0)
    level = row.unmitigated.mean
    before = (Segment(0.0, level, INK),)
    rows = [Bar("nothing handled (R0)", before, close_risk_text(row.unmitigated), level)]
    for part in report.types:
        removed = part.unmitigated.mean - part.residual.mean
        rows.append(
            Bar(
                f"{part.misalignment} caught, corrected",
                (Segment(level - removed, level, DETECTOR),),
                f"-{percent(removed)} of its {percent(part.unmitigated.mean)}",
                level - removed,
            )
        )
        level -= removed
    left = (Segment(0.0, row.residual.mean, PREDICTED),)
    rows.append(Bar(weight_text(report.weight), left, close_risk_text(row.residual)))
    if report.weight:
        beside = Segment(0.0, judged.residual.mean, JUDGED, hollow=True)
        rows.append(Bar(weight_text(0.0), (beside,), close_risk_text(judged.residual)))
    return rows
