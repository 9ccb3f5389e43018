"""Every table of a finished run by its name, as `mesascope report --table` prints them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.table import Table

from evals.evidence.evidence import Evidence
from evals.report.tables.risk_tables import RISK_TABLES
from evals.report.tables.run_tables import (
    alarm_table,
    detection_table,
    grade_table,
    pair_table,
    population_table,
    rivals_table,
    selection_table,
)
from evals.report.tables.titled_table import titled_table
from evals.report.words.wording import odds_text
from evals.risk.risk_report import RiskReport
from probes.errors import MesascopeError

WARNINGS = "warnings"
"""Name of the table of what to know beside the figures, of rates and risk."""


def worth_table(report: RiskReport) -> Table:
    """What an alarm and an all-clear are worth at each base rate."""
    table = titled_table(
        "What a verdict on a network of a new family is worth, with 90% intervals",
        "misaligned beforehand", "if flagged", "if not flagged",
    )  # fmt: skip
    for row in report.predictive:
        verdicts = (f"{s.mean:.2g} ({s.q05:.2g}-{s.q95:.2g})" for s in (row.ppv, row.missed))
        table.add_row(odds_text(row.odds), *verdicts)
    return table


OF_EVIDENCE: Mapping[str, Callable[[Evidence], Table]] = {
    "population": population_table,
    "detection": detection_table,
    "alarms": alarm_table,
    "families": grade_table,
    "chosen": selection_table,
    "beside": pair_table,
    "rivals": lambda evidence: rivals_table(evidence.killers),
}
"""Tables of what a run measured."""

OF_RISK: Mapping[str, Callable[[RiskReport], Table]] = {
    **{name: table for name, table in RISK_TABLES.items() if name != WARNINGS},
    "worth": worth_table,
}
"""Tables of what that does to the risk."""

NAMES = (*OF_EVIDENCE, *OF_RISK, WARNINGS)


class NoTable(MesascopeError, ValueError):
    """A table that a run does not have."""


def require_name(name: str) -> None:
    """Refuse a table that there is not; raises `NoTable`."""
    if name not in NAMES:
        raise NoTable(f"no table {name!r}; the tables of a run are {', '.join(NAMES)}")
