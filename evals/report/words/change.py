"""What the evidence changed, by how much and why, in one plain paragraph."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from evals.report.words.wording import (
    close_risk_text,
    fine_percent,
    listed,
    percent,
    plural,
    points,
    scenario_text,
    share_text,
)
from evals.risk.risk_report import RiskReport
from evals.risk.update import TypeUpdate
from evals.statistics.family_posterior import FEWEST_FAMILIES

SAME = 0.01
"""Success rates nearer than this are called about equal."""

SMALL = 0.1
"""A change below this share of the 90% interval's width is called small."""


def change(report: RiskReport) -> str:
    """The paragraph: from, to, how large, why, and what it would be at weight 1."""
    return " ".join(_sentences(report))


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


def _sentences(report: RiskReport) -> Iterator[str]:
    seen = [record for record in report.types if record.measured_detection is not None]
    where = scenario_text(report.scenario)
    judged = report.row(report.scenario, 0.0).residual
    if report.supposed:
        yield f"Supposing {report.supposed}:"
    swept = unmitigated_moves(report, report.scenario)
    if not seen and not swept:
        yield (
            "No cell counts for any type of misalignment, so the evidence changes no detection "
            f"rate: the residual risk ({where}) stays at the judged {close_risk_text(judged)}, at "
            "every transport weight."
        )
        return
    if not report.weight:
        yield (
            f"At transport weight 0 what was measured counts for nothing: the residual risk "
            f"({where}) stays at the judged {close_risk_text(judged)}."
        )
        return
    if not seen:
        yield "No cell counts for any type of misalignment: detection stays judged."
    row = report.row(report.scenario, report.weight)
    yield (
        f"At transport weight {report.weight:g} the expected residual risk ({where}) moves from "
        f"{fine_percent(judged.mean)}, which is judged alone, to {fine_percent(row.residual.mean)} "
        f"(90%: {percent(row.residual.q05)}-{percent(row.residual.q95)})."
    )
    yield _size(report)
    if seen:
        yield _why(seen)
    if swept:
        yield _why_swept(report, also=bool(seen))
    missing = [r.misalignment for r in report.types if r.measured_detection is None]
    if seen and missing:
        verbs = ("has", "stays") if len(missing) == 1 else ("have", "stay")
        who = listed(missing).capitalize()
        yield f"{who} {verbs[0]} no cell that counts and {verbs[1]} judged."
    yield _weight(report, seen, swept=swept)


def _size(report: RiskReport) -> str:
    judged = report.row(report.scenario, 0.0).residual
    row = report.row(report.scenario, report.weight).residual
    moved, error = row.mean - judged.mean, change_error(report)
    by = f"{'+' if moved >= 0 else '-'}{points(abs(moved))}"
    if abs(moved) <= 2 * error:
        return (
            f"That change ({by}) is within the simulation's own error (standard error at most "
            f"{100 * error:.2g} points with {report.draws:,} draws): it cannot be told from "
            "no change at all."
        )
    width = row.q95 - row.q05
    if width and abs(moved) < SMALL * width:
        return (
            f"That change ({by}) is small beside what remains unknown: the 90% interval is "
            f"{width / abs(moved):,.0f} times as wide."
        )
    return f"That is a change of {by}; the 90% interval is {100 * width:.2g} points wide."


def _why(seen: Sequence[TypeUpdate]) -> str:
    groups: dict[str, list[str]] = {"above": [], "below": [], "about equal to": []}
    for record in seen:
        if record.measured_success is None:
            continue
        found, judged = record.measured_success.mean, record.judged_success.mean
        side = "above" if found > judged else "below"
        if abs(found - judged) < SAME:
            side = "about equal to"
        groups[side].append(f"{record.misalignment} ({found:.2f} against {judged:.2f})")
    parts = [f"{side} the judged one for {listed(who)}" for side, who in groups.items() if who]
    return (
        "Why: the measured success, which is the measured detection of a new family times the "
        f"correction judged given it, lies {'; '.join(parts)}."
    )


def _why_swept(report: RiskReport, *, also: bool) -> str:
    """What the sweep of recipes did to the risk before anything is handled."""
    judged, pooled = (
        report.row(report.scenario, weight).unmitigated.mean for weight in (0.0, report.weight)
    )
    return (
        f"{'Also, the' if also else 'Why: the'} sweep of recipes moves what precedes detection: "
        "the expected risk if nothing were handled (R0) goes "
        f"{'up' if pooled > judged else 'down'} from {fine_percent(judged)} to "
        f"{fine_percent(pooled)}."
    )


def _weight(report: RiskReport, seen: Sequence[TypeUpdate], *, swept: bool) -> str:
    alone = report.row(report.scenario, 1.0)
    measured = [
        *(("measured detection",) if seen else ()),
        *(("the sweep",) if swept else ()),
    ]
    text = (
        f"The weight gives {listed(measured)} a {report.weight:.0%} say; at weight 1, with "
        f"{listed(measured)} in place of what was judged there and all else still judged, the "
        f"risk would be {close_risk_text(alone.residual)} and the share that remains "
        f"{share_text(alone.fraction)}."
    )
    if not seen:
        return text
    most = max(record.families for record in seen)
    if most < FEWEST_FAMILIES:
        text += (
            f" No type was measured on more than {plural(most, 'family', 'families')}, too few to "
            "say how often a further one is caught."
        )
    return text


def signs(report: RiskReport) -> Iterator[str]:
    """For which types and horizons the two readings of correction disagree about the sign."""
    for cells in dict.fromkeys(one.cells for one in report.changes):
        found: dict[str, list[str]] = {}
        for one in report.changes:
            if one.cells == cells and one.signs_differ:
                what = "the whole risk" if one.misalignment == "all" else one.misalignment
                ways = ("up", "down") if one.given > 0 else ("down", "up")
                text = f"{what} ({ways[0]} given detection, {ways[1]} if independent)"
                found.setdefault(text, []).append(one.scenario.replace("_", " "))
        parts = [f"{what}, at {', '.join(where)}" for what, where in found.items()]
        yield f"With void cells and cells by construction {cells} " + (
            "the two readings of correction, given the measured detection (the default) or "
            f"independent of it, differ in the sign of the change in risk for {'; '.join(parts)}."
            if parts
            else "the change in risk has the same sign for every type and horizon, whether "
            "correction is drawn given the measured detection (the default) or not."
        )
