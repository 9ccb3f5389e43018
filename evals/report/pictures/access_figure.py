"""What each level of access to the network buys."""

from __future__ import annotations

from markupsafe import Markup

from evals.report.pictures.intervals import Interval, Scale, draw_intervals
from evals.report.pictures.svg import JUDGED, PREDICTED
from evals.report.words.wording import scenario_text, share_text
from evals.risk.risk_report import AccessRow, RiskReport
from evals.risk.summary import Summary
from evals.risk.update import RiskRow


def access_figure(report: RiskReport) -> Markup:
    """The share of the risk that remains by access level, at each weight above 0."""
    rows = access_rows(report)
    spoken = "; ".join(f"{row.label}: {row.detail}" if row.detail else row.label for row in rows)
    return draw_intervals(
        rows,
        Scale("share of the risk that remains (line: 90% interval; marker: mean)"),
        name="access",
        label=f"Residual share by access, {scenario_text(report.scenario)}. {spoken}.",
        width_inches=6.6,
    )


def access_rows(report: RiskReport) -> list[Interval]:
    """Judgement alone, then every access level at every weight above 0."""
    judged = report.row(report.scenario, 0.0).fraction
    rows = [Interval("no measurement", heading=True), _interval("judged only", judged, JUDGED)]
    for weight in sorted({weight for weight in (report.weight, 1.0) if weight}):
        rows.append(Interval(f"measured, at transport weight {weight:g}", heading=True))
        for row in report.access:
            there = risk_at(row, report.scenario, weight)
            rows.append(_interval(f"access: {row.access}", there.fraction, PREDICTED))
    return rows


def risk_at(row: AccessRow, scenario: str, weight: float) -> RiskRow:
    """The risk of a scenario and weight with that access."""
    return {(one.scenario, one.weight): one for one in row.rows}[scenario, weight]


def _interval(label: str, share: Summary, colour: str) -> Interval:
    detail = share_text(share)
    return Interval(label, detail, colour, "o", share.q05, share.q95, share.mean)
