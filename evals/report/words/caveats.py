"""What a reader must know beside the risk: in short, the gravest first, and in full."""

from __future__ import annotations

from collections.abc import Iterator

from evals.report.words.change import moved, signs
from evals.report.words.strategy import crossing
from evals.report.words.wording import families_text, listed
from evals.risk.risk_report import RiskReport
from evals.statistics.family_posterior import FEWEST_FAMILIES


def warnings(report: RiskReport) -> tuple[str, ...]:
    """One plain sentence per reservation, the gravest first."""
    return (*report.notes, *_short(report), *report.flags)


def every_warning(report: RiskReport) -> Iterator[tuple[str, str]]:
    """What each is about, and every reservation in full."""
    yield from (("the counts", note) for note in report.notes)
    for kind in report.types:
        yield from ((kind.misalignment, flag) for flag in kind.flags)
    for row in report.consistency:
        if row.verdict != "coherent":
            yield f"judged rows: {row.verdict}", row.sentence
    for text in (*report.flags, *signs(report), *crossing(report)):
        yield "the risk", text


def _short(report: RiskReport) -> Iterator[str]:
    change = moved(report)
    if left := [one.misalignment for one in report.types if one.with_left_out]:
        yield (
            f"Results for {listed(left)} are left out of the risk where another explanation fits "
            "them, or where admission selected the networks by what the rule measures."
        )
    few = [
        f"{one.misalignment} ({families_text(one.families)})"
        for one in change.seen
        if one.families < FEWEST_FAMILIES
    ]
    if few:
        yield f"Too few families to say how often a further one is caught: {listed(few)}."
    if missing := [one for one in change.missing if one not in left]:
        yield f"Nobody measured detection for {listed(missing)}: judged there at every weight."
    differ = dict.fromkeys(
        "the whole risk" if one.misalignment == "all" else one.misalignment
        for one in report.changes
        if one.signs_differ and one.cells == "left out" and one.scenario == report.scenario
    )
    if differ:
        yield (
            f"Whether the risk rises or falls depends on how correction is judged, for "
            f"{listed(list(differ))}: see --table readings."
        )
    bounds = [
        one.misalignment
        for one in change.seen
        if one.detected in (0, one.of) and one.families >= FEWEST_FAMILIES
    ]
    if bounds:
        yield f"All or none was detected, so that the prior sets one bound: {listed(bounds)}."
    apart = [row for row in report.consistency if row.verdict != "coherent"]
    if apart:
        yield (
            f"{len(apart)} of {len(report.consistency)} comparisons of the judged figures with "
            "each other are strained or incoherent."
        )
