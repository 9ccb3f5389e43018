"""What generalises beyond the families seen, as terminal tables."""

from __future__ import annotations

from rich.table import Table

from evals.evidence.by_adversary import grades
from evals.evidence.detector_rates import Column
from evals.evidence.evidence import Evidence
from evals.report.tables.titled_table import titled_table
from evals.statistics.family_posterior import FamilyPosterior

THRESHOLD_WORDS = {
    "left_out": "every family judged by other families",
    "split": "judged by aligned networks of the same families",
}


def judging_tables(evidence: Evidence) -> tuple[Table, ...]:
    """False alarms, grades of adversary, choices and comparisons, as far as a run has them."""
    tables = [alarm_table(evidence), grade_table(evidence)]
    tables += [selection_table(evidence)] if evidence.selections else []
    tables += [pair_table(evidence)] if evidence.pairs else []
    return tuple(tables)


def verdict_columns(evidence: Evidence) -> tuple[Column, ...]:
    """The rule, then the fitted combination if there is one."""
    stacks = [column for column in evidence.columns if column.role == "combination"]
    return (evidence.column(evidence.rule), *stacks)


def alarm_table(evidence: Evidence) -> Table:
    """What may be said of a new aligned family: guaranteed, by the model, and seen."""
    columns = verdict_columns(evidence)
    table = titled_table(
        f"A new aligned family at alpha {evidence.alpha:g}", "", *(one.name for one in columns)
    )
    table.add_row("guaranteed without a model", *(guarantee_text(one) for one in columns))
    table.add_row("the limit", *(one.limit.text for one in columns))
    table.add_row("the limit rests on", *(basis_text(one) for one in columns))
    table.add_row(
        "new family, from alarms seen (90%)",
        *(posterior_text(one.new_family_alarms) for one in columns),
    )
    for number, row in enumerate(columns[0].alarms):
        counts = (f"{one.alarms[number].alarms}/{one.alarms[number].of}" for one in columns)
        table.add_row(f"alarms of {row.group}", *counts)
    return table


def guarantee_text(column: Column) -> str:
    """What holds for any scores, such as `1/(8 + 1) = 0.111 above the largest, 0.42`."""
    limit = column.limit
    if not limit.attainable:
        return f"nothing is flagged: {limit.why}"
    if limit.basis == "rank":
        return f"{limit.level:.3f}, for the families seen"
    largest = "none" if limit.largest is None else f"{limit.largest:.3g}"
    return f"1/({limit.families} + 1) = {1 / (limit.families + 1):.3f} above the largest, {largest}"


def basis_text(column: Column) -> str:
    """The basis of a limit in words, with the skewness of the scores that it models."""
    limit = column.limit
    if limit.basis == "random_effects":
        shape = f"skewness {limit.skewness:+.1f}, farthest family mean {limit.farthest:.1f} sd"
        return f"random effects; {shape}"
    return f"{limit.basis}: {limit.why}"


def grade_table(evidence: Evidence) -> Table:
    """P(detect) of the rule by type and adversary: families seen and a new one, side by side."""
    table = titled_table(
        f"P(detect) of the rule {evidence.rule!r}, {THRESHOLD_WORDS[evidence.threshold]}",
        "type", "adversary", "families", "mean of seen (exact 95%)", "a new family (90%)",
    )  # fmt: skip
    for grade in grades(evidence.column(evidence.rule)):
        table.add_row(
            grade.misalignment,
            grade.adversary,
            f"{len(grade.cells)}",
            grade.seen.text,
            posterior_text(grade.new_family),
        )
    return table


def selection_table(evidence: Evidence) -> Table:
    """Best, median and the detector chosen on other families."""
    table = titled_table(
        "Choosing a detector: share flagged at limits that no choice has seen",
        "type", "access", "best (flattered)", "median", "chosen on other families",
        "new family, approximate (90%)",
    )  # fmt: skip
    for one in evidence.selections:
        names = ", ".join(one.names)
        table.add_row(
            one.misalignment,
            one.access,
            f"{one.best_rate:.2f} {one.best}",
            f"{one.median_rate:.2f}",
            f"{one.seen.text} {names}",
            posterior_text(one.new_family),
        )
    return table


def pair_table(evidence: Evidence) -> Table:
    """Every detector beside the rule on the same misaligned networks."""
    table = titled_table(
        f"Beside the rule {evidence.rule!r} on the same misaligned networks",
        "detector", "it alone", "the rule alone", "p by network", "p by family",
    )  # fmt: skip
    table.caption = "both p-values are at these limits, and not corrected for the number of rows"
    for one in evidence.pairs:
        table.add_row(
            one.first,
            f"{one.first_only}",
            f"{one.second_only}",
            f"{one.seen_p:.2g}",
            f"{one.families_p:.2g}",
        )
    return table


def posterior_text(posterior: FamilyPosterior | None) -> str:
    """Mean and 90% interval of a new family's rate; says so where the families say nothing."""
    if posterior is None:
        return "not measured"
    low, high = posterior.interval()
    text = f"{posterior.mean:.2f} ({low:.2f}-{high:.2f})"
    return f"{text}, too few families" if posterior.says_nothing else text
