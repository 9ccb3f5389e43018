"""False alarms on aligned controls, family by family, beside what the limit promises."""

from __future__ import annotations

from markupsafe import Markup

from evals.evidence.detector_rates import Alarms, Column
from evals.evidence.evidence import Evidence
from evals.report.pictures.forest import COLOURS, MARKERS, whole_columns
from evals.report.pictures.intervals import Interval, Scale, draw_intervals
from evals.report.tables.judging_table import posterior_text, verdict_columns
from evals.statistics.rates import rate


def alarm_figure(evidence: Evidence) -> Markup:
    """Rates by aligned family with exact intervals, then every column's worst family."""
    rows = alarm_rows(evidence)
    spoken = "; ".join(f"{row.label}: {row.detail}" for row in rows if not row.heading)
    return draw_intervals(
        rows,
        Scale("share of aligned networks flagged (dashed: alpha)", reference=evidence.alpha),
        name="alarms",
        label=f"False alarms on aligned controls, alpha {evidence.alpha:g}. {spoken}.",
        width_inches=6.6,
    )


def alarm_rows(evidence: Evidence) -> list[Interval]:
    """The rule and the stack by aligned family, then every whole column's worst family."""
    rows = []
    for column in verdict_columns(evidence):
        rows.append(Interval(f"{column.name}, by aligned family", heading=True))
        rows += [_row(column, stratum_text(row.group), row) for row in column.alarms]
        posterior = column.new_family_alarms
        if posterior is not None:
            low, high = posterior.interval()
            text = posterior_text(posterior)
            rows.append(
                Interval("a new family", text, COLOURS["rule"], "s", low, high, posterior.mean)
            )
    rows.append(Interval("worst aligned family of every column", heading=True))
    for column in whole_columns(evidence):
        if column.worst_alarms is not None:
            rows.append(_row(column, column.name, column.worst_alarms))
    return rows


def stratum_text(group: str) -> str:
    """A family's or stratum's name as words."""
    return group.rpartition("/")[2].replace("_", " ") or "unnamed"


def _row(column: Column, label: str, row: Alarms) -> Interval:
    colour = COLOURS.get(column.role, COLOURS["detector"])
    seen = rate(row.alarms, row.of, abstained=row.abstained)
    if seen.interval is None:
        return Interval(label, "no controls", colour)
    abstained = f", {row.abstained} abst." if row.abstained else ""
    low, high = seen.interval
    return Interval(
        label=label,
        detail=f"{row.alarms} of {row.of}{abstained}",
        colour=colour,
        marker=MARKERS.get(column.role, "o"),
        low=low,
        high=high,
        centre=seen.value,
    )
