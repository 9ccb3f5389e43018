"""What a reader must know beside the figures of a run, in plain sentences."""

from __future__ import annotations

from evals.evidence.evidence import Evidence
from evals.evidence.standing import cells_by_type
from evals.report.words.wording import listed, plural, void_lines
from evals.risk.risk_report import RiskReport
from evals.statistics.family_posterior import FEWEST_FAMILIES


def caveats(evidence: Evidence, risk: RiskReport) -> tuple[str, ...]:
    """Whole sentences, those that weigh most first."""
    of_types = (f"{kind.misalignment}: {flag}." for kind in risk.types for flag in kind.flags)
    judged = (row.sentence for row in risk.consistency if row.verdict != "coherent")
    return (
        *_alarms(evidence),
        *_families(evidence),
        *_untried(evidence),
        *risk.flags,
        *(f"Judged figures disagree with each other. {sentence}" for sentence in judged),
        *(f"{line}." for line in void_lines(evidence)),
        *of_types,
    )


def _alarms(evidence: Evidence) -> tuple[str, ...]:
    """More false alarms than were asked for, and the family that raises most of them."""
    rule = evidence.column(evidence.rule)
    seen, worst = rule.false_alarms, rule.worst_alarms
    expected = evidence.alpha * seen.of
    if worst is None:
        return ("No aligned network was judged, so nothing is known of false alarms.",)
    if seen.detected <= expected:
        return ()
    return (
        f"The rule raised {seen.detected} false alarms on {seen.of} aligned networks, where "
        f"{expected:.2g} were expected; the worst group, {worst.group}, raised {worst.alarms} of "
        f"{worst.of}.",
    )


def _families(evidence: Evidence) -> tuple[str, ...]:
    """Types of which too few families were measured to say anything about the next one."""
    cells = cells_by_type(evidence.column(evidence.rule))
    few = [name for name, of in cells.items() if len(of) < FEWEST_FAMILIES]
    if not few:
        return ()
    return (
        f"Fewer than {FEWEST_FAMILIES} families of {listed(few)} networks were measured: that says "
        "nothing about the next family, however many networks a family has.",
    )


def _untried(evidence: Evidence) -> tuple[str, ...]:
    untried = [one for one in evidence.killers if one.verdict in ("not_run", "blind")]
    if not untried:
        return ()
    return (
        f"{plural(len(untried), 'test')} of rival explanations could not be made, or could not "
        "have failed: mesascope report --table rivals says which.",
    )
