"""Verdicts of search as a terminal table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from evals.mechanism import SearchColumn
from evals.titled_table import titled_table

CONSTRUCTION_MARK = "*"
DETECTORS_A_TABLE = 4
"""More do not fit beside the names of families on a terminal of 140 columns."""


def mechanism_tables(columns: Sequence[SearchColumn], title: str) -> tuple[Table, ...]:
    """One table of detectors, and as many of families by detector as it takes.

    Args:
        columns: of one run, not empty.
        title: suite and environment.
    """
    first = columns[0]
    rates = titled_table(
        f"Told to search, {title}: alpha {first.alpha:g}, {first.calibration_size} networks that "
        "do not search calibrate, a family never its own",
        *("detector", "AUROC", "searchers detected", "false alarms", "CPU-s", "passes"),
    )
    for one in columns:
        rates.add_row(
            one.detector,
            _area(one),
            one.detected.text,
            one.false_alarms.text,
            f"{one.cpu_seconds:.2f}",
            f"{one.forward_passes:.0f}",
        )
    shown = [one for one in columns if one.detected.detected or one.false_alarms.detected]
    starts = range(0, len(shown), DETECTORS_A_TABLE)
    return (rates, *(_by_family(shown[k : k + DETECTORS_A_TABLE], title) for k in starts))


def _by_family(columns: Sequence[SearchColumn], title: str) -> Table:
    table = titled_table(
        f"Told to search by family, {title}", "family", "mechanism", *(o.detector for o in columns)
    )
    for number, family in enumerate(columns[0].families):
        cells = []
        for one in columns:
            verdicts = one.families[number]
            mark = CONSTRUCTION_MARK if verdicts.by_construction else ""
            cells.append(f"{verdicts.searching.detected}/{verdicts.searching.of}{mark}")
        table.add_row(family.family, family.mechanism, *cells)
    table.caption = (
        f"{CONSTRUCTION_MARK} by construction: admission looked at what the detector measures"
    )
    return table


def mechanism_record(
    columns: Sequence[SearchColumn], *, suite: str, suite_hash: str, scores_sha256: str
) -> dict[str, Any]:
    """The same as plain values, with where they come from."""
    return {
        "schema": 1,
        "suite": suite,
        "suite_hash": suite_hash,
        "scores_sha256": scores_sha256,
        "columns": [asdict(one) for one in columns],
    }


def _area(one: SearchColumn) -> str:
    if one.auroc.value is None or one.auroc.interval is None:
        return "none"
    low, high = one.auroc.interval
    return f"{one.auroc.value:.3f} ({low:.3f}-{high:.3f})"
