"""What a run found, as terminal tables: population, rates, new families and rival explanations."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from evals.evidence.detector_rates import Cell, DetectorRates
from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import Rival
from evals.evidence.standing import grades, verdict_columns
from evals.report.tables.titled_table import titled_table
from evals.report.words.marks import BY_CONSTRUCTION, VOID, marks_text
from evals.report.words.wording import (
    THRESHOLD_WORDS,
    basis_text,
    families_text,
    guarantee_text,
    killer_text,
    plain,
    posterior_text,
)

COMBINATION_MARK = " +"

_ROLE_STYLES = {"rule": "bold", "floor": "dim", "baseline": "dim", "combination": "italic"}
_VERDICT_STYLES = {
    "void": "bold red",
    "stands_out": "bold",
    "at_chance": "bold",
    "blind": "dim",
    "not_run": "dim",
    "passed": "",
}
"""Verdict -> style, the worst first."""


def population_table(evidence: Evidence) -> Table:
    """What was trained, admitted and rejected."""
    table = titled_table(
        "Population", "family", "type", "role", "admitted / attempted", "CPU-s each", "duds"
    )
    for row in evidence.population:
        table.add_row(
            row.family,
            row.misalignment if not row.stratum else f"aligned ({row.stratum})",
            row.role,
            f"{row.admitted} / {row.attempted}",
            f"{row.cpu_seconds:.1f}",
            "; ".join(row.duds) or "-",
        )
    return table


def detection_table(evidence: Evidence, columns: Sequence[DetectorRates] | None = None) -> Table:
    """P(detect) by detector and type, with exact 95% intervals; parts of detectors are left out."""
    limit = evidence.column(evidence.rule).limit
    table = titled_table(
        f"P(detect), suite {evidence.suite}: flagged / admitted (exact 95% interval), alpha "
        f"{evidence.alpha:g}, limits by {limit.networks} aligned networks of "
        f"{families_text(limit.families)}",
        "detector",
        "access",
    )
    for name in evidence.types:
        families = {row.family for row in evidence.population if row.misalignment == name}
        table.add_column(f"{name}\n{families_text(len(families))}")
    judges = "by other families" if evidence.threshold == "left_out" else "held out"
    table.add_column(f"false alarms\n{judges}")
    table.add_column("CPU-s", justify="right")
    table.add_column("passes", justify="right")
    shown = [
        column
        for column in (evidence.columns if columns is None else columns)
        if column.role != "part" and not ("/" in column.name and column.role == "floor")
    ]
    for column in shown:
        table.add_row(
            column.name + (COMBINATION_MARK if column.role == "combination" else ""),
            column.access,
            *(_cells(column, name, evidence.killers) for name in evidence.types),
            column.alarm_text,
            f"{column.cpu_seconds:.2f}",
            f"{column.forward_passes:.0f}",
            style=_ROLE_STYLES.get(column.role, ""),
        )
    notes = [
        f"{BY_CONSTRUCTION} by construction: the detector measures what admission selected "
        "these organisms by"
    ]
    if any(column.role == "combination" for column in shown):
        notes.append(
            f"{COMBINATION_MARK.strip()} a logistic combination of detectors, which scores each "
            "family by a fit that never saw it"
        )
    if any(rival.verdict == "void" for rival in evidence.killers):
        notes.append(f"{VOID} void: a rival explanation fits the claim as well (see table rivals)")
    table.caption = "\n".join(notes)
    return table


def alarm_table(evidence: Evidence) -> Table:
    """What may be said of a new aligned family: guaranteed, by the model, and seen."""
    columns = verdict_columns(evidence)
    table = titled_table(
        f"A new aligned family at alpha {evidence.alpha:g}", "", *(one.name for one in columns)
    )
    table.add_row(
        "guaranteed, if nothing is assumed about scores", *(guarantee_text(one) for one in columns)
    )
    table.add_row("the limit", *(one.limit.text for one in columns))
    table.add_row("the limit rests on", *(basis_text(one) for one in columns))
    new = (posterior_text(one.new_family_alarms) for one in columns)
    table.add_row("new family, from alarms seen (90%)", *new)
    for number, row in enumerate(columns[0].alarms):
        counts = (f"{one.alarms[number].alarms}/{one.alarms[number].of}" for one in columns)
        table.add_row(f"alarms of {row.group}", *counts)
    return table


def grade_table(evidence: Evidence) -> Table:
    """P(detect) of the rule by type and adversary: families seen and a new one, side by side."""
    table = titled_table(
        f"P(detect) of {evidence.rule!r}, each limit {THRESHOLD_WORDS[evidence.threshold]}",
        "type", "adversary", "families", "mean of seen (exact 95%)", "a new family (90%)",
    )  # fmt: skip
    for one in grades(evidence.column(evidence.rule)):
        new = posterior_text(one.new_family)
        table.add_row(one.misalignment, one.adversary, f"{len(one.cells)}", one.seen.text, new)
    return table


def selection_table(evidence: Evidence) -> Table:
    """Best, median and the detector chosen on other families."""
    table = titled_table(
        "How well a detector does when it was chosen on other families",
        "type", "access", "best (flattered)", "median", "chosen on other families",
        "new family, approximate (90%)",
    )  # fmt: skip
    for one in evidence.selections:
        table.add_row(
            one.misalignment,
            one.access,
            f"{one.best_rate:.2f} {one.best}",
            f"{one.median_rate:.2f}",
            f"{one.seen.text} {', '.join(one.names)}",
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
        counts = (f"{one.first_only}", f"{one.second_only}")
        table.add_row(one.first, *counts, f"{one.seen_p:.2g}", f"{one.families_p:.2g}")
    return table


def rivals_table(killers: Sequence[Rival]) -> Table:
    """One line per test: the worst that it found, and on how many subjects it found what."""
    table = titled_table("Rival explanations of the rates", "rival explanation", "found", "worst")
    for name in dict.fromkeys(rival.name for rival in killers):
        group = sorted((rival for rival in killers if rival.name == name), key=_severity)
        verdicts = [rival.verdict for rival in group]
        worst = group[0]
        counts = [f"{verdicts.count(one)} {plain(one)}" for one in dict.fromkeys(verdicts)]
        table.add_row(
            killer_text(name),
            ", ".join(counts),
            f"{worst.subject}: {worst.text}",
            style=_VERDICT_STYLES[worst.verdict],
        )
    return table


def _cells(column: DetectorRates, misalignment: str, killers: tuple[Rival, ...]) -> str:
    lines = [
        _brief(cell, marks_text(killers, column, [cell])) for cell in column.of_type(misalignment)
    ]
    return "\n".join(lines) or "no organisms"


def _brief(cell: Cell, marks: str) -> str:
    if cell.rate.interval is None:
        return "none"
    low, high = cell.rate.interval
    abstained = f", {cell.abstained} abst." if cell.abstained else ""
    return f"{cell.detected}/{cell.of}{marks} ({low:.2f}-{high:.2f}{abstained})"


def _severity(rival: Rival) -> tuple[int, float]:
    """The worst first: verdict, then p-value."""
    place = list(_VERDICT_STYLES).index(rival.verdict)
    return place, 1.0 if rival.p_value is None else rival.p_value
