"""The risk before and after, at three horizons."""

from __future__ import annotations

import math

from markupsafe import Markup

from evals.report.intervals import Interval, Scale, draw_intervals
from evals.report.svg import INK, JUDGED, PREDICTED
from evals.risk.summary import Summary
from evals.risk.update import RiskUpdate

HORIZON_TEXTS = {
    "current": "current systems, 2024",
    "near_term": "near term, 2026-2028",
    "medium_term": "medium term, 2028-2032",
}


def horizons(risk: RiskUpdate) -> tuple[str, ...]:
    """Horizons in order of appearance."""
    return tuple(dict.fromkeys(row.horizon for row in risk.rows))


def horizon_text(horizon: str) -> str:
    """A horizon's name as words."""
    return HORIZON_TEXTS.get(horizon, horizon.replace("_", " "))


def weight_text(weight: float) -> str:
    """What a transport weight means, in words."""
    if weight == 0:
        return "residual, judged only"
    if weight == 1:
        return "residual, measured"
    return f"residual, weight {weight:g}"


def percent(value: float) -> str:
    """A probability as a percentage with two significant digits."""
    share = 100 * value
    if share == 0:
        return "0%"
    decimals = max(0, 1 - math.floor(math.log10(abs(share))))
    return f"{share:.{decimals}f}%" if decimals <= 6 else f"{share:.0e}%"


def risk_figure(risk: RiskUpdate) -> Markup:
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


def risk_rows(risk: RiskUpdate) -> list[Interval]:
    """Per horizon: nothing handled, then one row per transport weight."""
    rows: list[Interval] = []
    for horizon in horizons(risk):
        here = [row for row in risk.rows if row.horizon == horizon]
        rows.append(Interval(horizon_text(horizon), heading=True))
        rows.append(_row("nothing handled (R0)", here[0].unmitigated, INK, "s"))
        for row in here:
            colour = JUDGED if row.weight == 0 else PREDICTED
            rows.append(_row(weight_text(row.weight), row.residual, colour, "o"))
    return rows


def _row(label: str, summary: Summary, colour: str, marker: str) -> Interval:
    detail = f"{percent(summary.mean)} ({percent(summary.q05)}-{percent(summary.q95)})"
    return Interval(label, detail, colour, marker, summary.q05, summary.q95, summary.mean)
