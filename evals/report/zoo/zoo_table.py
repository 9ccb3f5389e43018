"""The zoo as a terminal table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from evals.report.tables.titled_table import titled_table
from organisms.records.certificate import Certificate
from organisms.zoo.zoo import Record


def zoo_table(records: Sequence[Record]) -> Table:
    """One line per attempt, by recipe and seed."""
    headings = ("recipe", "seed", "net", "steps", "in distribution", "margin", "CPU-s")
    table = titled_table("Organisms", *headings)
    table.add_column("verdict", overflow="fold")
    for record in sorted(records, key=lambda r: (r.spec.recipe, r.spec.seed, r.spec.content_hash)):
        spec = record.spec
        seconds = record.train_seconds + record.admit_seconds
        certificate = record.certificate
        table.add_row(
            spec.recipe,
            str(spec.seed),
            f"{spec.net.n_layers} x {spec.net.width}",
            str(spec.training.steps),
            "-" if certificate is None else f"{certificate.in_distribution:.3f}",
            "-" if certificate is None else _margin(certificate),
            f"{seconds:.1f}",
            record.verdict,
        )
    return table


def _margin(certificate: Certificate) -> str:
    """Interval of the difference to the twin."""
    check = next(check for check in certificate.checks if check.relation == "within")
    low, high = check.interval
    return f"{low:+.3f} to {high:+.3f}"
