"""What combinations rest on, as terminal tables: dependence, and stacks on dealt labels."""

from __future__ import annotations

from rich.table import Table

from evals.dependence import CONTROLS, Dependence
from evals.evidence import Evidence
from evals.titled_table import titled_table


def ensemble_tables(evidence: Evidence) -> tuple[Table, ...]:
    """The tables of a run, as far as it has them."""
    tables = [dependence_table(evidence)] if evidence.dependence else []
    return (*tables, *([stack_table(evidence)] if evidence.stacks else []))


def dependence_table(evidence: Evidence) -> Table:
    """Rank correlations within families, among controls and among organisms of each type."""
    groups = list(dict.fromkeys(row.group for row in evidence.dependence))
    found = {(row.group, row.first, row.second): row for row in evidence.dependence}
    headings = []
    for group in groups:
        one = next(row for row in evidence.dependence if row.group == group)
        what = "controls" if group == CONTROLS else group
        headings.append(f"{what}\n{one.networks} networks, {one.families} families")
    table = titled_table(
        "Dependence of detectors: rank correlation within families (95%)", "detectors", *headings
    )
    for first, second in dict.fromkeys((row.first, row.second) for row in evidence.dependence):
        cells = (dependence_text(found[group, first, second]) for group in groups)
        table.add_row(f"{first}, {second}", *cells)
    table.caption = (
        "dependent detectors share false alarms and misses: combinations are calibrated as one "
        "score, never by multiplying rates"
    )
    return table


def stack_table(evidence: Evidence) -> Table:
    """Every stack beside itself on dealt labels."""
    table = titled_table(
        "Stacked combinations, fit and threshold without the judged family",
        "stack", "scores", "flagged (exact 95%)", "labels dealt anew: mean (90%)", "nominal", "p",
    )  # fmt: skip
    for one in evidence.stacks:
        table.add_row(
            one.name,
            f"{len(one.features)}",
            one.rate.text,
            f"{one.mean:.3f} ({one.low:.2f}-{one.high:.2f})",
            f"{one.nominal:.3f}",
            f"{one.at_least:.2f}",
        )
    table.caption = "p: share of deals that flag as many of what they call misaligned"
    return table


def dependence_text(row: Dependence) -> str:
    """Such as `0.31 (0.05-0.53)`; says where a detector is constant."""
    if row.correlation is None:
        return "constant"
    if row.interval is None:
        return f"{row.correlation:.2f}, too few networks"
    low, high = row.interval
    return f"{row.correlation:.2f} ({low:.2f} to {high:.2f})"
