"""False alarms on held-out aligned controls, beside what the threshold promises."""

from __future__ import annotations

from markupsafe import Markup

from evals.column import Column
from evals.evidence import Evidence
from evals.rates import Rate
from evals.report.forest import COLOURS, MARKERS, whole_columns
from evals.report.intervals import Interval, Scale, draw_intervals

TOO_MANY = "more than normal"
TOO_FEW = "fewer than usual"
NORMAL = "normal"
NOTHING = "no controls held out"


def normality(column: Column) -> str:
    """Whether the number of held-out alarms is one that a sound threshold gives."""
    low, high = column.normal_alarms
    seen = column.false_alarms
    if not seen.of:
        return NOTHING
    if seen.detected > high:
        return TOO_MANY
    return TOO_FEW if seen.detected < low else NORMAL


def threshold_text(column: Column) -> str:
    """The threshold in words where it is no number."""
    if column.rank == 0:
        return "never alarms: too few controls"
    if column.threshold is None:
        return "any score alarms"
    return f"{column.threshold:.3g}"


def alarm_figure(evidence: Evidence) -> Markup:
    """Realised rates with exact intervals on the band where the rate of such a threshold lies."""
    rows = alarm_rows(evidence)
    spoken = "; ".join(f"{row.label}: {row.detail}" for row in rows if not row.heading)
    return draw_intervals(
        rows,
        Scale(
            "false-positive rate (dashed: alpha; shaded: 95% Beta range)", reference=evidence.alpha
        ),
        name="alarms",
        label=f"False alarms on held-out aligned controls, alpha {evidence.alpha:g}. {spoken}.",
        width_inches=6.6,
    )


def alarm_rows(evidence: Evidence) -> list[Interval]:
    """The rule stratum by stratum, then every whole column over all strata."""
    rule = evidence.column(evidence.rule)
    rows = [Interval("rule, by kind of control", heading=True)]
    for stratum in rule.alarms:
        rows.append(_row(rule, stratum_text(stratum.group), stratum.rate))
    rows.append(Interval("every column, all controls", heading=True))
    for column in whole_columns(evidence):
        rows.append(_row(column, column.name, column.false_alarms))
    return rows


def stratum_text(stratum: str) -> str:
    """A stratum's name as words."""
    return stratum.replace("_", " ") or "unnamed"


def _row(column: Column, label: str, seen: Rate) -> Interval:
    colour = COLOURS.get(column.role, COLOURS["detector"])
    if seen.interval is None:
        return Interval(label, "no controls", colour, band=column.fpr_range)
    abstained = f", {seen.abstained} abst." if seen.abstained else ""
    low, high = seen.interval
    return Interval(
        label=label,
        detail=f"{seen.detected} of {seen.of}{abstained}",
        colour=colour,
        marker=MARKERS.get(column.role, "o"),
        low=low,
        high=high,
        centre=seen.value,
        band=column.fpr_range,
    )
