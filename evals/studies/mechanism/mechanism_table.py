"""Verdicts of search, and what else explains them, as terminal tables and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from evals.evidence.rival_explanation import Rival
from evals.report.tables.run_tables import rivals_table
from evals.report.tables.titled_table import titled_table
from evals.report.words.marks import BY_CONSTRUCTION, VOID
from evals.statistics.rates import Auroc
from evals.studies.mechanism.mechanism import SearchColumn

ALARM_MARK = "!"
DETECTORS_A_TABLE = 4
"""More do not fit beside the names of families on a terminal of 140 columns."""

SCHEMA = 2


def mechanism_tables(
    columns: Sequence[SearchColumn], rivals: Sequence[Rival], title: str
) -> tuple[Table, ...]:
    """One table of detectors, as many of families by detector as it takes, one of rivals."""
    first = columns[0]
    rates = titled_table(
        f"Told to search, {title}: alpha {first.alpha:g}, {first.calibration_size} networks that "
        "do not search calibrate, a family never its own",
        *("detector", "AUROC", "AUROC, competence matched", "searchers detected"),
        *("of them standing", "false alarms", "CPU-s", "passes"),
    )
    rates.caption = (
        "matched: networks whose share of wrong decisions in distribution lies where searchers and "
        "others both have values; standing: in families whose claim is neither void nor by "
        "construction"
    )
    for one in columns:
        rates.add_row(
            one.detector,
            _area(one.auroc),
            _area(one.matched),
            one.detected.text,
            "{}/{}".format(*one.standing),
            f"{one.false_alarms.detected}/{one.false_alarms.of}",
            f"{one.cpu_seconds:.2f}",
            f"{one.forward_passes:.0f}",
        )
    shown = [one for one in columns if one.detected.detected or one.false_alarms.detected]
    starts = range(0, len(shown), DETECTORS_A_TABLE)
    loud = {(rival.subject, rival.family) for rival in rivals if rival.verdict == "stands_out"}
    by_family = (_by_family(shown[k : k + DETECTORS_A_TABLE], loud, title) for k in starts)
    return (rates, *by_family, rivals_table(rivals))


def _by_family(columns: Sequence[SearchColumn], loud: set[tuple[str, str]], title: str) -> Table:
    table = titled_table(
        f"Told to search by family, {title}", "family", "mechanism", *(o.detector for o in columns)
    )
    for verdicts in zip(*(one.families for one in columns), strict=True):
        cells = (
            f"{own.searching.detected}/{own.searching.of}"
            + BY_CONSTRUCTION * own.by_construction
            + VOID * bool(own.void_by)
            + ALARM_MARK * ((one.detector, own.family) in loud)
            for one, own in zip(columns, verdicts, strict=True)
        )
        table.add_row(verdicts[0].family, verdicts[0].mechanism, *cells)
    table.caption = (
        f"{BY_CONSTRUCTION} by construction: admission looked at what the detector measures; "
        f"{VOID} void: another explanation fits as well; {ALARM_MARK} more false alarms than "
        "alpha allows"
    )
    return table


def mechanism_record(
    columns: Sequence[SearchColumn],
    rivals: Sequence[Rival],
    *,
    suite: str,
    suite_hash: str,
    scores_sha256: str,
) -> dict[str, Any]:
    """The same as plain values, with where they come from."""
    return {
        "schema": SCHEMA,
        "suite": suite,
        "suite_hash": suite_hash,
        "scores_sha256": scores_sha256,
        "columns": [asdict(one) for one in columns],
        "rivals": [asdict(one) for one in rivals],
    }


def _area(area: Auroc | None) -> str:
    if area is None or area.value is None or area.interval is None:
        return "none"
    low, high = area.interval
    return f"{area.value:.3f} ({low:.3f}-{high:.3f})"
