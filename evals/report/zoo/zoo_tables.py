"""The zoo as terminal tables: its families, and every network."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from evals.report.tables.titled_table import titled_table
from evals.report.zoo.families import TELLING, Family
from organisms.records.certificate import Certificate
from organisms.zoo.zoo import Record


def families_table(found: Sequence[Family]) -> Table:
    """One line per family and shape."""
    table = titled_table(
        "Families of the zoo", "family", "type", "net", "admitted", "competence", "AUROC", "CPU-s",
    )  # fmt: skip
    notes = [
        "competence: mean share of decisions that fit the training labels, over admitted networks",
        "AUROC (95% interval): does what networks do where all were trained tell the family from "
        "aligned networks? 0.5 says no",
    ]
    if any(family.marked for family in found):
        notes.append(f"! above {TELLING:g} or below {1 - TELLING:g}: it may, one way or the other")
    table.caption = "\n".join(notes)
    for family in found:
        truth = family.truth
        table.add_row(
            family.name,
            truth.misalignment if truth.mechanism == "unknown"
            else f"{truth.misalignment}, {truth.mechanism}",
            family.shape,
            f"{family.admitted} / {family.attempted}"
            + (f", {family.diverged} diverged" if family.diverged else ""),
            "-" if family.competence.mean is None else f"{family.competence.mean:.3f}",
            _area(family),
            f"{family.cpu_seconds:.1f}",
        )  # fmt: skip
    return table


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
    intervals = [check.interval for check in certificate.checks if check.relation == "within"]
    return "{:+.3f} to {:+.3f}".format(*intervals[0]) if intervals else "-"


def _area(family: Family) -> str:
    area = family.in_distribution
    if area is None or area.value is None:
        return "-"
    interval = "" if area.interval is None else f" ({area.interval[0]:.2f}-{area.interval[1]:.2f})"
    return f"{area.value:.2f}{'!' if family.marked else ''}{interval}"
