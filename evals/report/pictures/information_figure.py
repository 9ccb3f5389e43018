"""What knowing each input would be worth for the decision to deploy."""

from __future__ import annotations

from markupsafe import Markup

from evals.report.pictures.bars import Bar, Segment, draw_bars
from evals.report.pictures.svg import PREDICTED
from evals.report.words.wording import fine_percent, input_text
from evals.risk.risk_report import RiskReport

MOST = 12
"""Rows shown; the table has all of them."""


def information_figure(report: RiskReport) -> Markup:
    """One row per input, the most valuable first, as shares of the value of knowing everything."""
    everything = report.information["everything"]
    rows = [
        Bar(
            input_text(group),
            (Segment(0.0, value / everything if everything else 0.0, PREDICTED),),
            information_text(group, report),
        )
        for group, value in list(report.information.items())[1 : MOST + 1]
    ]
    level = fine_percent(report.decision_level)
    spoken = "; ".join(f"{row.label}: {row.detail}" for row in rows)
    return draw_bars(
        rows,
        title=f"share of perfect information; one deploys if the risk is below r* = {level}",
        tick=lambda share: f"{share:.0%}",
        name="information",
        label=f"Value of information at the decision level r* = {level}. {spoken}.",
        highest=1.0,
    )


def information_text(group: str, report: RiskReport) -> str:
    """The share of knowing everything; an estimate of 0 is what chance finds, and no proof of 0."""
    value, everything = report.information[group], report.information["everything"]
    if not everything:
        return "no decision to change"
    if not value:
        # The value of the transport draw alone is exact, without a null to subtract.
        return "0: changes no decision" if group == "transport" else "not told from 0"
    return f"{value / everything:.0%}" if value >= 0.01 * everything else "below 1%"
