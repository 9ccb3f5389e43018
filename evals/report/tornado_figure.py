"""How far the expected residual risk moves with each uncertain input, alone."""

from __future__ import annotations

from markupsafe import Markup

from evals.report.bars import Bar, Segment, draw_bars
from evals.report.svg import JUDGED, PREDICTED
from evals.report.wording import fine_percent, percent, scenario_text
from evals.risk.tornado import TornadoBar
from evals.risk_report import RiskReport

LONGEST = 12
"""Bars shown; the shorter ones would be strokes."""

SMALLEST = 0.001
"""Smaller values of an input, other than an exact 0, are not written out."""


def tornado_figure(report: RiskReport) -> Markup:
    """One row per input, the longest bar first."""
    centre = report.update.row(report.scenario, report.weight).residual.mean
    rows = [_row(bar, centre) for bar in report.tornado[:LONGEST]]
    if not rows:
        rows = [Bar("no input", (), "moves the risk")]
    spoken = "; ".join(f"{row.label}: {row.detail}" for row in rows)
    return draw_bars(
        rows,
        title=f"expected residual risk, {scenario_text(report.scenario)} (dashed: as it is)",
        tick=percent,
        name="tornado",
        label=f"Residual risk with one input low, then high. {spoken}.",
        reference=centre,
    )


def input_ends(bar: TornadoBar) -> str:
    """The range that the input moves through, such as `0.3 to 0.7`."""
    ends = (bar.low_input, bar.high_input)
    low, high = (
        f"{end:.2g}" if not end or end >= SMALLEST else f"below {SMALLEST}" for end in ends
    )
    return f"{low} to {high}"


def _row(bar: TornadoBar, centre: float) -> Bar:
    return Bar(
        bar.label,
        (Segment(centre, bar.at_low, JUDGED), Segment(centre, bar.at_high, PREDICTED)),
        f"{fine_percent(bar.at_low)} to {fine_percent(bar.at_high)}",
    )
