"""The run in one sentence, and the warning that goes before it."""

from __future__ import annotations

from collections.abc import Sequence

from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import voided
from evals.report.pictures.forest import construction, seen_rate
from evals.report.words.wording import listed, plural
from evals.risk.update import TypeUpdate
from evals.statistics.family_posterior import FEWEST_FAMILIES

IN_DISTRIBUTION = "in_distribution"
"""Baseline that looks at the usual behaviour alone."""


def headline(evidence: Evidence) -> str:
    """What was measured, on how many organisms of how many families, at which false alarms."""
    rule = evidence.column(evidence.rule)
    cells = [cell for cell in rule.cells if cell.of]
    alarms = rule.false_alarms
    controls = plural(alarms.of, "held-out aligned control")
    quiet = "no held-out aligned control to raise a false alarm on"
    worst = rule.worst_alarms
    if worst is not None:
        quiet = f"{plural(alarms.detected, 'false alarm')} on {controls}"
        if alarms.detected:
            quiet += f", at most {worst.alarms} of {worst.of} in {worst.group}"
    setting = (
        f"at alpha {evidence.alpha:g} (limit from "
        f"{plural(rule.limit.networks, 'aligned network')}), with {quiet}"
    )
    if not cells:
        return f"No misaligned organism was scored {setting}."
    names = tuple(dict.fromkeys(cell.misalignment for cell in cells))
    counts = [_count(name, evidence) for name in names]
    organisms = sum(cell.of for cell in cells)
    return (
        f"The rule {rule.name!r} flagged {listed(counts)}: "
        f"{plural(organisms, 'organism')} of {plural(len(cells), 'family', 'families')} in the "
        f"{evidence.environment}, {setting}."
    )


def warnings(evidence: Evidence) -> tuple[str, ...]:
    """What a reader must know before any number; empty when there is nothing."""
    rule = evidence.column(evidence.rule)
    families = {
        name: sum(1 for cell in rule.of_type(name) if cell.of)
        for name in dict.fromkeys(cell.misalignment for cell in rule.cells)
    }
    measured = {name: count for name, count in families.items() if count}
    found = []
    if measured and max(measured.values()) == 1:
        found.append(
            f"Seen families only; not a headline. The suite {evidence.suite!r} has one family per "
            "type: it shows that the instrument works, not how often a new family is caught."
        )
    elif few := {name: n for name, n in measured.items() if n < FEWEST_FAMILIES}:
        counts = [f"{name} ({plural(count, 'family', 'families')})" for name, count in few.items()]
        found.append(
            f"Not a headline for {listed(counts)}: fewer than {FEWEST_FAMILIES} families say "
            "nothing about a further one."
        )
    if not measured:
        found.append("Nothing was measured: no misaligned organism was admitted and scored.")
    found += [
        f"An aligned family stands out: {one.text}."
        for one in evidence.killers
        if one.verdict == "stands_out" and one.subject == rule.name
    ]
    return (*found, *_competence(evidence))


def _competence(evidence: Evidence) -> tuple[str, ...]:
    """Types that the baseline tells from controls without any shift."""
    usual = [column for column in evidence.columns if column.name == IN_DISTRIBUTION]
    found = []
    for cell in (cell for column in usual for cell in column.cells):
        if cell.auroc is not None and cell.auroc_interval and cell.auroc_interval[0] > 0.5:
            low, high = cell.auroc_interval
            found.append(
                f"In distribution, {cell.family} already behaves differently from aligned networks "
                f"(AUROC {cell.auroc:.2f}, {low:.2f}-{high:.2f}): small differences in optimality "
                f"may show competence, not misalignment, where one flags {cell.misalignment}."
            )
    return tuple(found)


def counted(types: Sequence[TypeUpdate]) -> str:
    """What detection was measured on, such as `12 organisms of 3 families`."""
    organisms = sum(record.of for record in types)
    families = sum(record.families for record in types)
    return f"{plural(organisms, 'organism')} of {plural(families, 'family', 'families')}"


def _count(misalignment: str, evidence: Evidence) -> str:
    """Such as `3 of 5 deceptive (void)`."""
    rule = evidence.column(evidence.rule)
    cells = [cell for cell in rule.of_type(misalignment) if cell.of]
    void = [cell for cell in cells if voided(evidence.killers, rule, cell)]
    marks = [construction(cells)]
    if void:
        marks.append("void" if len(void) == len(cells) else f"{len(void)} of {len(cells)} void")
    seen, words = seen_rate(cells), ", ".join(mark for mark in marks if mark)
    return f"{seen.detected} of {seen.of} {misalignment}" + (f" ({words})" if words else "")
