"""What a reader must know beside the figures of a run, in plain sentences."""

from __future__ import annotations

from rich.table import Table

from evals.evidence.evidence import Evidence
from evals.evidence.standing import cells_by_type
from evals.report.tables.titled_table import titled_table
from evals.report.words.caveats import every_warning, warnings
from evals.report.words.change import moved
from evals.report.words.wording import listed, plural, void_lines
from evals.risk.risk_report import RiskReport
from evals.statistics.family_posterior import FEWEST_FAMILIES


def caveats(evidence: Evidence, risk: RiskReport) -> tuple[str, ...]:
    """Whole sentences: those of the rates, then those of the risk."""
    return (
        *_alarms(evidence),
        *_families(evidence, risk),
        *_untried(evidence),
        *warnings(risk),
    )


def caveats_table(evidence: Evidence, risk: RiskReport) -> Table:
    """Everything that a reader must know beside the figures, in full."""
    table = titled_table("What to know beside the figures", "what of", "")
    for text in (*_alarms(evidence), *_families(evidence, risk), *_untried(evidence)):
        table.add_row("the rates", text)
    for text in void_lines(evidence):
        table.add_row("the rates", text)
    for what, text in every_warning(risk):
        table.add_row(what, text)
    return table


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


def _families(evidence: Evidence, risk: RiskReport) -> tuple[str, ...]:
    """Types of too few families to say anything about the next one, and of which no rate counts.

    Where a rate counts, the risk says so.
    """
    counting = {kind.misalignment for kind in moved(risk).seen}
    cells = cells_by_type(evidence.column(evidence.rule))
    few = [name for name, of in cells.items() if len(of) < FEWEST_FAMILIES and name not in counting]
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
