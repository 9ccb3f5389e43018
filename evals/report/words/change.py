"""What the evidence changed: by how much, why, and whether the change can be told from none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from evals.report.template import paragraph
from evals.report.words.wording import (
    close_risk_text,
    fine_percent,
    listed,
    percent,
    plain,
    points,
)
from evals.risk.risk_report import RiskReport
from evals.risk.update import RiskRow, TypeUpdate
from evals.statistics.family_posterior import FEWEST_FAMILIES

SAME = 0.01
"""Success rates nearer than this are called about equal."""

SMALL = 0.1
"""A change below this share of the 90% interval's width is called small."""


@dataclass(frozen=True)
class Moved:
    """How the expected residual risk moved, at the report's horizon and transport weight.

    Attributes:
        before, after: the risk at weight 0 and at the report's weight.
        by: after minus before.
        error: a bound on the Monte Carlo standard error of `by`.
        size: `none` within two errors, `small` beside the 90% interval, else `plain`.
        seen: types whose detection was measured.
        sides: where measured success lies beside the judged one -> the types.
        swept: whether a sweep of recipes moves the risk before anything is handled.
    """

    before: RiskRow
    after: RiskRow
    alone: RiskRow
    by: float
    error: float
    size: Literal["none", "small", "plain"]
    seen: tuple[TypeUpdate, ...]
    sides: dict[str, tuple[TypeUpdate, ...]]
    missing: tuple[str, ...]
    swept: bool

    @property
    def width(self) -> float:
        """Of the 90% interval after the measurement."""
        return self.after.residual.q95 - self.after.residual.q05

    @property
    def most_families(self) -> int:
        """Families of the type that was measured on most."""
        return max((record.families for record in self.seen), default=0)


def moved(report: RiskReport) -> Moved:
    """The change of the report's expected residual risk."""
    before, after, alone = (report.row(report.scenario, w) for w in (0.0, report.weight, 1.0))
    by, error = after.residual.mean - before.residual.mean, change_error(report)
    width = after.residual.q95 - after.residual.q05
    size: Literal["none", "small", "plain"] = "small" if abs(by) < SMALL * width else "plain"
    seen = tuple(record for record in report.types if record.measured_detection is not None)
    beside = [_side(record) for record in seen]
    return Moved(
        before=before,
        after=after,
        alone=alone,
        by=by,
        error=error,
        size="none" if abs(by) <= 2 * error else size,
        seen=seen,
        sides={
            side: tuple(one for one, own in zip(seen, beside, strict=True) if own == side)
            for side in ("above", "below", "about equal to")
            if side in beside
        },
        missing=tuple(r.misalignment for r in report.types if r.measured_detection is None),
        swept=unmitigated_moves(report, report.scenario),
    )


def change(report: RiskReport) -> str:
    """The change in one plain paragraph: from, to, how large, why, and what weight 1 would give."""
    return paragraph(
        "change.txt.j2", report=report, moved=moved(report), fewest_families=FEWEST_FAMILIES
    )


def moved_text(report: RiskReport) -> str:
    """By how much the expected residual risk moved, in one sentence."""
    found, what = moved(report), f"the expected residual risk ({plain(report.scenario)})"
    before, after = found.before.residual, found.after.residual
    start = f"the judged {fine_percent(before.mean)}"
    if report.supposed:
        (alone,) = (row.residual for row in report.unsupposed if row.weight == 0)
        start = (
            f"the judged {fine_percent(alone.mean)} ({_signed(before.mean - alone.mean)} by the "
            f"supposition alone)"
        )
        what = f"supposing {report.supposed} at every weight, {what}"
        if not (found.seen or found.swept):
            return f"{_upper(what)} moves from {start} to {close_risk_text(before)}."
    if not (found.seen or found.swept):
        return f"No result counts, and {what} stays at the judged {close_risk_text(before)}."
    if not report.weight:
        return f"At weight 0 no measurement counts: {what} is {close_risk_text(before)}."
    if found.size == "none":
        return (
            f"{_upper(what)} stays at {start}: at weight {report.weight:g} the change by what was "
            "measured is within the simulation's own error."
        )
    small = ", small beside what remains unknown" if found.size == "small" else ""
    return (
        f"{_upper(what)} moves from {start} to {fine_percent(after.mean)} at weight "
        f"{report.weight:g}: {_signed(found.by)} by what was measured{small} (90% interval "
        f"{percent(after.q05)}-{percent(after.q95)})."
    )


def why_text(report: RiskReport) -> str:
    """Why it moved, or why not, in one sentence."""
    found = moved(report)
    parts = [
        f"{side} judged success for "
        + listed([f"{one.misalignment} ({_against(one)})" for one in records])
        for side, records in found.sides.items()
    ]
    supposed = {word.split(" = ")[0] for word in report.supposed.split(", ")}
    missing = [name for name in found.missing if f"detect.{name}" not in supposed]
    stays = f"{listed(missing)} stayed judged" if missing else ""
    if not parts:
        return f"Why: {'; '.join(filter(None, ('no result on detection counts', stays)))}."
    text = f"Why: measured detection times the correction judged given it is {'; '.join(parts)}"
    swept = ["the sweep moves the risk before anything is handled"] * found.swept
    return "; ".join(filter(None, [text, stays, *swept])) + "."


def _signed(change: float) -> str:
    return f"{'-' if change < 0 else '+'}{points(abs(change))}"


def _against(record: TypeUpdate) -> str:
    measured, judged = record.measured_success, record.judged_success
    return f"{measured.mean:.2f} against {judged.mean:.2f}" if measured else "not measured"


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def change_error(report: RiskReport) -> float:
    """A bound on the Monte Carlo standard error of the change of the expected residual risk.

    The expected risk is linear in the weight, E(w) - E(0) = w (E(1) - E(0)), and the error of a
    difference is at most the sum of both errors, however the draws are shared.
    """
    judged, measured = (report.row(report.scenario, end).residual for end in (0.0, 1.0))
    return report.weight * (judged.mcse + measured.mcse)


def unmitigated_moves(risk: RiskReport, scenario: str) -> bool:
    """Whether R0 differs between weights, as only a sweep of recipes can bring about."""
    judged, measured = (risk.row(scenario, end).unmitigated.mean for end in (0.0, 1.0))
    return not math.isclose(judged, measured, rel_tol=1e-9)


def signs(report: RiskReport) -> tuple[str, ...]:
    """Whether the two readings of correction agree that the risk falls or rises."""
    texts = []
    for cells in dict.fromkeys(one.cells for one in report.changes):
        found: dict[tuple[str, bool], list[str]] = {}
        for one in report.changes:
            if one.cells == cells and one.signs_differ:
                what = "the whole risk" if one.misalignment == "all" else one.misalignment
                found.setdefault((what, one.given > 0), []).append(one.scenario.replace("_", " "))
        texts.append(paragraph("signs.txt.j2", cells=cells, found=found))
    return tuple(texts)


def _side(record: TypeUpdate) -> str:
    if record.measured_success is None:
        return "unknown"
    found, judged = record.measured_success.mean, record.judged_success.mean
    if abs(found - judged) < SAME:
        return "about equal to"
    return "above" if found > judged else "below"
