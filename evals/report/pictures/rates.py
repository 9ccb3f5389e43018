"""P(detect) by type beside the judgement, and false alarms by aligned family."""

from __future__ import annotations

from markupsafe import Markup

from evals.evidence.detector_rates import Alarms, DetectorRates
from evals.evidence.evidence import Evidence
from evals.evidence.standing import (
    ROLES,
    seen_rate,
    verdict_columns,
    whole_columns,
)
from evals.report.pictures.intervals import Interval, Scale, draw_intervals
from evals.report.pictures.svg import BASELINE, DETECTOR, FLOOR, JUDGED, PREDICTED, RULE
from evals.report.words.marks import claim, ranked
from evals.report.words.wording import plain, posterior_text, share_text
from evals.risk.summary import Summary
from evals.risk.update import TypeUpdate
from evals.statistics.rates import Rate, rate

LOOKS = {
    "rule": (RULE, "D", "rule fixed beforehand"),
    "restricted": (RULE, "d", "the rule with less access"),
    "combination": (RULE, "P", "combinations of all detectors"),
    "detector": (DETECTOR, "o", "detectors"),
    "baseline": (BASELINE, "^", "baselines"),
    "floor": (FLOOR, "v", "floors, to stay at chance"),
}
"""Role of a column -> colour, marker and heading."""


def forest(evidence: Evidence, update: TypeUpdate) -> Markup:
    """Detection of one type: the rule, a new family and the judgement, then other columns."""
    kind = update.misalignment
    columns = ranked(evidence)
    if not any(cell.of for column in columns for cell in column.of_type(kind)):
        columns = tuple(column for column in columns if column.role == "rule")
    rows: list[Interval] = []
    for role in ROLES:
        chosen = [column for column in columns if column.role == role]
        if chosen or role == "rule":
            rows.append(Interval(LOOKS[role][2], heading=True))
            rows += [_column_row(evidence, column, kind) for column in chosen]
        if role == "rule":
            rows += _beside(update)
    return draw_intervals(
        rows,
        Scale("P(detect) (dashed: alpha, what chance gives)", reference=evidence.alpha),
        name=f"forest-{kind}",
        label=f"Detection of {kind} organisms.",
        width_inches=5.5,
    )


def alarm_figure(evidence: Evidence) -> Markup:
    """Alarms of the rule and the stack by aligned family, then every column's worst family."""
    rows = []
    for column in verdict_columns(evidence):
        rows.append(Interval(f"{column.name}, by aligned family", heading=True))
        rows += [_alarm_row(column, stratum_text(row.group), row) for row in column.alarms]
        new = column.new_family_alarms
        if new is not None:
            text, (low, high) = posterior_text(new), new.interval()
            rows.append(Interval("a new family", text, RULE, "s", low, high, new.mean))
    rows.append(Interval("worst aligned family of every column", heading=True))
    for column in whole_columns(evidence):
        if column.worst_alarms is not None:
            rows.append(_alarm_row(column, column.name, column.worst_alarms))
    return draw_intervals(
        rows,
        Scale("share of aligned networks flagged (dashed: alpha)", reference=evidence.alpha),
        name="alarms",
        label=f"False alarms on aligned controls, alpha {evidence.alpha:g}.",
    )


def stratum_text(group: str) -> str:
    """A family's or stratum's name as words."""
    return plain(group.rpartition("/")[2]) or "unnamed"


def summary_row(label: str, detail: str, part: Summary, colour: str, marker: str = "o") -> Interval:
    """A row of a simulated quantity: mean and 90% interval."""
    return Interval(label, detail, colour, marker, part.q05, part.q95, part.mean)


def _column_row(evidence: Evidence, column: DetectorRates, misalignment: str) -> Interval:
    """A claim that does not stand, void or by construction, is hollow and marked."""
    cells = [cell for cell in column.of_type(misalignment) if cell.of]
    if not cells:
        return Interval(column.name, "not measured", LOOKS[column.role][0])
    mark = claim(evidence, column, cells).mark
    shares = tuple(cell.detected / cell.of for cell in cells) if len(cells) > 1 else ()
    return rate_row(column.role, column.name, seen_rate(cells), mark, ticks=shares)


def _alarm_row(column: DetectorRates, label: str, row: Alarms) -> Interval:
    return rate_row(column.role, label, rate(row.alarms, row.of, abstained=row.abstained))


def rate_row(
    role: str, label: str, seen: Rate, mark: str = "", ticks: tuple[float, ...] = ()
) -> Interval:
    """A count with its exact interval, in the look of a role; hollow where it has a mark."""
    colour, marker, _ = LOOKS.get(role, LOOKS["detector"])
    if seen.interval is None:
        return Interval(label, "no controls", colour)
    abstained = f", {seen.abstained} abst." if seen.abstained else ""
    low, high = seen.interval
    detail = f"{seen.detected}/{seen.of}{mark} ({low:.2f}-{high:.2f}){abstained}"
    return Interval(label, detail, colour, marker, low, high, seen.value, bool(mark), ticks)


def _beside(update: TypeUpdate) -> list[Interval]:
    """The same rule on a family not seen, and the judgement."""
    new, judged = update.measured_detection, update.judged_detection
    rows = [summary_row("implied judged", share_text(judged), judged, JUDGED, "s")]
    if new is not None:
        label = f"new family ({update.families} seen)"
        rows.insert(0, summary_row(label, share_text(new), new, PREDICTED, "s"))
    return rows
