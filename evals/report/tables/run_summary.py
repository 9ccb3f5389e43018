"""A run on one screen: the question, one table, what is seen, what is not, and the risk."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from evals.evidence.detector_rates import DetectorRates
from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import LEVELS, voided
from evals.evidence.standing import cells_by_type, seen_rate, whole_columns
from evals.report.tables.titled_table import titled_table
from evals.report.words.change import moved
from evals.report.words.marks import BY_CONSTRUCTION, VOID, marks_text
from evals.report.words.wording import fine_percent, killer_text, listed, percent, scenario_text
from evals.risk.risk_report import RiskReport

PUBLIC = "Illustration from public organisms"
"""Label of what was measured on networks that whoever wrote a detector may have looked at."""


def question_text(evidence: Evidence) -> str:
    """What the run asks, in one sentence."""
    networks = sum(row.admitted for row in evidence.population if row.misalignment != "aligned")
    asked = (
        f"How many of {networks} misaligned networks of suite {evidence.suite} are caught blind, "
        f"at {percent(evidence.alpha)} expected false alarms?"
    )
    return f"{PUBLIC}. {asked}" if evidence.public else asked


def summary_table(evidence: Evidence) -> Table:
    """The rule, one of its detectors per access level, and what chance does, by type."""
    table = titled_table("", "detector", "access", *measured_types(evidence), "false alarms")
    for column in summary_columns(evidence):
        table.add_row(
            column.name,
            column.access,
            *(rate_text(evidence, column, name) for name in measured_types(evidence)),
            f"{column.false_alarms.detected}/{column.false_alarms.of}",
            style={"rule": "bold", "floor": "dim"}.get(column.role, ""),
        )
    return table


def summary_columns(evidence: Evidence) -> tuple[DetectorRates, ...]:
    """The columns shown, chosen without a look at what they found.

    Of the detectors that the rule combines, fixed before anything was scored, the first at each
    access level, from little access to much; then the rule, then the floors.
    """
    first: dict[str, DetectorRates] = {}
    parts = [column for column in evidence.columns if column.name in evidence.rule_detectors]
    for column in sorted(parts, key=lambda one: evidence.rule_detectors.index(one.name)):
        first.setdefault(column.access, column)
    by_access = sorted(first.values(), key=lambda one: LEVELS.index(one.access.partition(" ")[0]))
    floors = [column for column in whole_columns(evidence) if column.role == "floor"]
    return (*by_access, evidence.column(evidence.rule), *floors)


def measured_types(evidence: Evidence) -> tuple[str, ...]:
    """Types of which the rule judged networks, in the order of the population."""
    cells = cells_by_type(evidence.column(evidence.rule))
    return tuple(name for name in evidence.types if name in cells)


def rate_text(evidence: Evidence, column: DetectorRates, misalignment: str) -> str:
    """Such as `4/4* 40-100%`: flagged of admitted with its marks, and the exact 95% interval."""
    cells = cells_by_type(column).get(misalignment, ())
    seen = seen_rate(cells)
    if seen.interval is None:
        return "none"
    low, high = seen.interval
    marks = marks_text(evidence.killers, column, cells)
    return f"{seen.detected}/{seen.of}{marks} {100 * low:.0f}-{100 * high:.0f}%"


def legend_lines(evidence: Evidence) -> tuple[str, ...]:
    """What the numbers and the marks that occur say."""
    shown = [
        rate_text(evidence, column, name)
        for column in summary_columns(evidence)
        for name in measured_types(evidence)
    ]
    marks = {
        BY_CONSTRUCTION: "by construction: admission selected these networks by what is measured",
        VOID: "void: another explanation fits as well",
    }
    found = (f"{mark} {text}" for mark, text in marks.items() if any(mark in one for one in shown))
    return ("flagged/networks, exact 95% interval", *found)


def sentences(evidence: Evidence, risk: RiskReport) -> tuple[str, str, str]:
    """What is seen, what is not, and what it does to the risk."""
    return _seen(evidence), _unseen(evidence), _risk(risk)


def _seen(evidence: Evidence) -> str:
    rule, groups = evidence.column(evidence.rule), _by_standing(evidence)
    parts = []
    if groups["stands"]:
        parts.append(f"{_counted(evidence, groups['stands'])}, which no rival explanation fits")
    if groups["by construction"]:
        counted = _counted(evidence, groups["by construction"])
        parts.append(f"{counted}, by construction: it measures what admission selected them by")
    if not parts:
        return f"Seen: nothing; no claim of {rule.name} stands."
    return f"Seen: {rule.name} catches {'; and '.join(parts)}."


def _unseen(evidence: Evidence) -> str:
    groups = _by_standing(evidence)
    parts = []
    if groups["void"]:
        rule = evidence.column(evidence.rule)
        rivals = {
            killer_text(rival.name): None
            for name in groups["void"]
            for cell in rule.of_type(name)
            for rival in voided(evidence.killers, rule, cell)
        }
        parts.append(
            f"{_counted(evidence, groups['void'])} are flagged, but {listed(list(rivals))} "
            "explains that as well"
        )
    if groups["missed"]:
        parts.append(f"of {_counted(evidence, groups['missed'])} were caught")
    if not parts:
        return "Not seen: no type goes unseen here; another family may."
    return f"Not seen: {'; '.join(parts)}."


def _by_standing(evidence: Evidence) -> dict[str, list[str]]:
    """Types by what the rule's rate on them is worth."""
    groups: dict[str, list[str]] = {"stands": [], "by construction": [], "void": [], "missed": []}
    rule = evidence.column(evidence.rule)
    for name, cells in cells_by_type(rule).items():
        marks = marks_text(evidence.killers, rule, cells)
        if not seen_rate(cells).detected:
            groups["missed"].append(name)
        elif VOID in marks:
            groups["void"].append(name)
        else:
            groups["by construction" if marks else "stands"].append(name)
    return groups


def _counted(evidence: Evidence, types: Sequence[str]) -> str:
    """Such as `4 of 4 proxy and 4 of 4 pseudo networks`."""
    cells = cells_by_type(evidence.column(evidence.rule))
    rates = {name: seen_rate(cells[name]) for name in types}
    return listed([f"{one.detected} of {one.of} {name}" for name, one in rates.items()]) + (
        " networks"
    )


def _risk(risk: RiskReport) -> str:
    change = moved(risk)
    what = f"the expected residual risk ({scenario_text(risk.scenario)})"
    before, after = (fine_percent(row.residual.mean) for row in (change.before, change.after))
    if not change.seen and not change.swept:
        why = "as no rate measured here may replace a judged one"
        return f"Risk: {what} stays at the judged {before}, {why}."
    size = {
        "none": "which cannot be told from no change",
        "small": "a small change beside what remains unknown",
        "plain": f"90% interval {percent(change.after.residual.q05)} to "
        f"{percent(change.after.residual.q95)}",
    }[change.size]
    return f"Risk: {what} moves from the judged {before} to {after}, {size}."
