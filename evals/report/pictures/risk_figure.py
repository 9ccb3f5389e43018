"""The risk before and after, at three horizons."""

from __future__ import annotations

from markupsafe import Markup

from evals.report.pictures.intervals import Interval, Scale, draw_intervals
from evals.report.pictures.svg import INK, JUDGED, PREDICTED
from evals.report.words.change import unmitigated_moves
from evals.report.words.wording import risk_text, scenario_text, weight_text
from evals.risk.risk_report import RiskReport
from evals.risk.summary import Summary


def scenarios(risk: RiskReport) -> tuple[str, ...]:
    """Horizons in order of appearance."""
    return tuple(dict.fromkeys(row.scenario for row in risk.rows))


def risk_figure(risk: RiskReport) -> Markup:
    """Unmitigated and residual risk on a logarithmic axis: line 5% to 95%, marker the mean."""
    rows = risk_rows(risk)
    drawn = [row for row in rows if not row.heading]
    means = [row.centre for row in drawn if row.centre]
    ends = [row.low for row in drawn if row.low] + means
    low = max(min(ends), min(means) / 1000) if means else 1e-4
    spoken = "; ".join(f"{row.label}: {row.detail}" if row.detail else row.label for row in rows)
    return draw_intervals(
        rows,
        Scale("risk, log scale (line: 90% interval; marker: mean)", low / 1.5, 1.0, True),
        name="risk",
        label=f"Risk before and after by horizon. {spoken}.",
        width_inches=6.6,
    )


def risk_rows(risk: RiskReport) -> list[Interval]:
    """Per horizon: nothing handled, then one row per transport weight.

    Nothing handled has a row per weight where the weights differ in it.
    """
    rows: list[Interval] = []
    for horizon in scenarios(risk):
        here = [row for row in risk.rows if row.scenario == horizon]
        rows.append(Interval(scenario_text(horizon), heading=True))
        if unmitigated_moves(risk, horizon):
            for row in here:
                label = f"nothing handled (R0), weight {row.weight:g}"
                rows.append(_row(label, row.unmitigated, INK, "s"))
        else:
            rows.append(_row("nothing handled (R0)", here[0].unmitigated, INK, "s"))
        for row in here:
            colour = JUDGED if row.weight == 0 else PREDICTED
            rows.append(_row(weight_text(row.weight), row.residual, colour, "o"))
    return rows


def _row(label: str, summary: Summary, colour: str, marker: str) -> Interval:
    return Interval(
        label, risk_text(summary), colour, marker, summary.q05, summary.q95, summary.mean
    )
