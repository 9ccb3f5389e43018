"""P(detect) of one misalignment type, column by column, beside the judgement."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from evals.evidence.detector_rates import Cell, Column
from evals.evidence.evidence import Evidence
from evals.report.pictures.intervals import Interval, Scale, draw_intervals
from evals.report.pictures.svg import BASELINE, DETECTOR, FLOOR, JUDGED, PREDICTED, RULE
from evals.report.words.wording import share_text
from evals.risk.update import TypeUpdate
from evals.statistics.rates import Rate, rate

ROLES = ("rule", "restricted", "combination", "detector", "baseline", "floor")
COLOURS = {
    "rule": RULE,
    "restricted": RULE,
    "combination": RULE,
    "detector": DETECTOR,
    "baseline": BASELINE,
    "floor": FLOOR,
}
MARKERS = {
    "rule": "D",
    "restricted": "d",
    "combination": "P",
    "detector": "o",
    "baseline": "^",
    "floor": "v",
}
_HEADINGS = {
    "rule": "rule fixed beforehand",
    "restricted": "the rule with less access",
    "combination": "combinations of all detectors",
    "detector": "detectors",
    "baseline": "baselines",
    "floor": "floors, to stay at chance",
}


def whole_columns(evidence: Evidence) -> tuple[Column, ...]:
    """Columns that are not a part of another one: rule, detectors, baselines, floors."""
    whole = [c for c in evidence.columns if c.role in ROLES and "/" not in c.name]
    return tuple(sorted(whole, key=lambda column: ROLES.index(column.role)))


def part_columns(evidence: Evidence) -> tuple[Column, ...]:
    """Columns that are not whole: single conditions of a detector."""
    whole = {column.name for column in whole_columns(evidence)}
    return tuple(column for column in evidence.columns if column.name not in whole)


def seen_rate(cells: Sequence[Cell]) -> Rate:
    """The rate over the families seen, counts added up."""
    return rate(
        sum(cell.detected for cell in cells),
        sum(cell.of for cell in cells),
        abstained=sum(cell.abstained for cell in cells),
    )


def construction(cells: Sequence[Cell]) -> str:
    """Whether the column measures what admission selected the organisms by, in words."""
    marked = sum(cell.by_construction for cell in cells)
    if not marked:
        return ""
    return "by construction" if marked == len(cells) else "partly by construction"


def forest(evidence: Evidence, update: TypeUpdate) -> Markup:
    """The figure of one type."""
    rows = forest_rows(evidence, update)
    spoken = "; ".join(f"{row.label}: {row.detail}" for row in rows if not row.heading)
    return draw_intervals(
        rows,
        Scale("P(detect) (dashed: alpha, what chance gives)", reference=evidence.alpha),
        name=f"forest-{update.misalignment}",
        label=f"Detection of {update.misalignment} organisms. {spoken}.",
    )


def forest_rows(evidence: Evidence, update: TypeUpdate) -> list[Interval]:
    """Rule, new family and judgement first, then the other columns by role."""
    rows: list[Interval] = []
    columns = whole_columns(evidence)
    if not any(cell.of for column in columns for cell in column.of_type(update.misalignment)):
        columns = tuple(column for column in columns if column.role == "rule")
    for role in ROLES:
        chosen = [column for column in columns if column.role == role]
        if not chosen and role != "rule":
            continue
        rows.append(Interval(_HEADINGS[role], heading=True))
        rows += [_row(column, update.misalignment) for column in chosen]
        if role == "rule":
            rows += _beside(update)
    return rows


def _row(column: Column, misalignment: str) -> Interval:
    cells = [cell for cell in column.of_type(misalignment) if cell.of]
    if not cells:
        return Interval(column.name, "not measured", COLOURS[column.role])
    seen = seen_rate(cells)
    low, high = seen.interval or (None, None)
    mark = construction(cells)
    detail = f"{seen.detected} of {seen.of}"
    if seen.abstained:
        detail += f", {seen.abstained} abst."
    if mark == "by construction":
        detail += " by constr." if seen.abstained else " by construction"
    elif mark:
        detail += " partly constr."
    shares = tuple(cell.detected / cell.of for cell in cells) if len(cells) > 1 else ()
    return Interval(
        label=column.name,
        detail=detail,
        colour=COLOURS[column.role],
        marker=MARKERS[column.role],
        low=low,
        high=high,
        centre=seen.value,
        hollow=bool(mark),
        ticks=shares,
    )


def _beside(update: TypeUpdate) -> list[Interval]:
    """The same rule on a family not seen, and the judgement."""
    judged = update.judged_detection
    rows = [
        Interval(
            "implied judged",
            share_text(judged),
            JUDGED,
            "s",
            judged.q05,
            judged.q95,
            judged.mean,
        )
    ]
    new = update.measured_detection
    if new is not None:
        detail = f"{new.mean:.2f} ({new.q05:.2f}-{new.q95:.2f})"
        label = f"new family ({update.families} seen)"
        rows.insert(0, Interval(label, detail, PREDICTED, "s", new.q05, new.q95, new.mean))
    return rows
