"""Evidence as terminal tables."""

from __future__ import annotations

from rich.table import Table

from evals.evidence.detector_rates import Column
from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import Killer, voided
from evals.report.tables.titled_table import titled_table
from evals.statistics.rates import Rate

CONSTRUCTION_MARK = "*"
VOID_MARK = "†"
COMBINATION_MARK = " +"


def detection_table(
    evidence: Evidence, columns: tuple[Column, ...] | None = None, *, parts: bool = False
) -> Table:
    """P(detect) by detector and type, with exact 95% intervals.

    Args:
        evidence: the run.
        columns: rows to show; the evidence's own if not given.
        parts: show the sub-scores of detectors too.
    """
    limit = evidence.column(evidence.rule).limit
    left_out = evidence.threshold == "left_out"
    title = (
        f"P(detect), suite {evidence.suite}: flagged / admitted (exact 95% interval), alpha "
        f"{evidence.alpha:g}, limits by {limit.networks} aligned networks of {limit.families} "
        "families"
    )
    table = titled_table(title, "detector", "access")
    for name in evidence.types:
        families = {row.family for row in evidence.population if row.misalignment == name}
        count = f"{len(families)} family" if len(families) == 1 else f"{len(families)} families"
        table.add_column(f"{name}\n{count}")
    table.add_column("false alarms\nby other families" if left_out else "false alarms\nheld out")
    table.add_column("CPU-s", justify="right")
    table.add_column("passes", justify="right")
    for column in evidence.columns if columns is None else columns:
        if column.role == "part" and not parts:
            continue
        if "/" in column.name and column.role == "floor":
            continue
        style = {"rule": "bold", "floor": "dim", "baseline": "dim", "combination": "italic"}.get(
            column.role, ""
        )
        table.add_row(
            column.name + (COMBINATION_MARK if column.role == "combination" else ""),
            column.access,
            *(_cells(column, name, evidence.killers) for name in evidence.types),
            column.alarm_text,
            f"{column.cpu_seconds:.2f}",
            f"{column.forward_passes:.0f}",
            style=style,
        )
    table.caption = (
        f"{CONSTRUCTION_MARK} by construction: the detector measures what admission selected "
        "these organisms by"
    )
    shown = evidence.columns if columns is None else columns
    if any(column.role == "combination" for column in shown):
        table.caption += (
            f"\n{COMBINATION_MARK.strip()} a logistic combination of detectors, which scores each "
            "family by a fit that never saw it"
        )
    if any(killer.verdict == "void" for killer in evidence.killers):
        table.caption += (
            f"\n{VOID_MARK} void: a rival explanation fits the claim as well (see below)"
        )
    return table


def population_table(evidence: Evidence) -> Table:
    """What was trained, admitted and rejected."""
    table = titled_table(
        "Population", "family", "type", "role", "admitted / attempted", "CPU-s each", "duds"
    )
    for row in evidence.population:
        kind = row.misalignment if not row.stratum else f"aligned ({row.stratum})"
        table.add_row(
            row.family,
            kind,
            row.role,
            f"{row.admitted} / {row.attempted}",
            f"{row.cpu_seconds:.1f}",
            "; ".join(row.duds) or "-",
        )
    return table


def _cells(column: Column, misalignment: str, killers: tuple[Killer, ...]) -> str:
    lines = [
        _brief(cell.rate)
        + (CONSTRUCTION_MARK if cell.by_construction else "")
        + (VOID_MARK if voided(killers, column, cell) else "")
        for cell in column.of_type(misalignment)
    ]
    return "\n".join(lines) or "no organisms"


def _brief(rate: Rate) -> str:
    if rate.interval is None:
        return "none"
    low, high = rate.interval
    abstained = f", {rate.abstained} abst." if rate.abstained else ""
    return f"{rate.detected}/{rate.of} ({low:.2f}-{high:.2f}{abstained})"
