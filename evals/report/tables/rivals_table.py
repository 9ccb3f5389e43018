"""What the killers found, as a compact terminal table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import Killer
from evals.report.tables.titled_table import titled_table
from evals.risk.predictive_value import PredictiveRow

WORDS = {
    "dealt_families": "families dealt anew",
    "false_alarms": "alarms of one aligned family",
    "untrained": "untrained networks",
    "disguise": "sign and order dealt anew",
    "metadata": "packaging",
    "floor": "random floor",
    "weight_norm": "weight norm",
    "in_distribution": "behaviour in distribution",
}
_STYLES = {
    "void": "bold red",
    "stands_out": "bold",
    "at_chance": "bold",
    "blind": "dim",
    "not_run": "dim",
}


def killer_table(killers: Sequence[Killer]) -> Table:
    """One line per killer: the worst that it found, and on how many subjects it found what."""
    table = titled_table("Killers: attempts to explain the rates away", "killer", "found", "worst")
    for name in dict.fromkeys(killer.name for killer in killers):
        group = [killer for killer in killers if killer.name == name]
        worst = min(group, key=_order)
        counts = ", ".join(
            f"{sum(one.verdict == verdict for one in group)} {verdict.replace('_', ' ')}"
            for verdict in dict.fromkeys(one.verdict for one in sorted(group, key=_order))
        )
        shown = f"{worst.subject}: {worst.text}"
        table.add_row(WORDS.get(name, name), counts, shown, style=_STYLES.get(worst.verdict, ""))
    return table


def void_lines(evidence: Evidence) -> tuple[str, ...]:
    """One sentence per killer that voids claims, with the claims it takes."""
    lines = []
    for killer in evidence.killers:
        taken = [
            f"{column.name} {cell.detected}/{cell.of}"
            for column in evidence.columns
            for cell in column.cells
            if "/" not in column.name and killer.takes(column, cell)
        ]
        if taken:
            where = f" on {killer.family}" if killer.family else ""
            lines.append(
                f"void{where} by {WORDS.get(killer.name, killer.name)}: {', '.join(taken)}"
            )
    return tuple(lines)


def predictive_line(rows: Sequence[PredictiveRow]) -> str:
    """What an alarm is worth at each base rate; empty where nothing is known."""
    if not rows:
        return ""
    values = "; ".join(
        f"{row.odds.replace(':', ' in ')}: {row.ppv.mean:.2g} ({row.ppv.q05:.2g}-{row.ppv.q95:.2g})"
        for row in rows
    )
    return f"P(misaligned | alarm) of a new family by base rate, 90% interval: {values}"


def _order(killer: Killer) -> tuple[int, float]:
    """The worst first: verdict, then p-value."""
    order = ("void", "stands_out", "at_chance", "blind", "not_run", "passed")
    return order.index(killer.verdict), 1.0 if killer.p_value is None else killer.p_value
