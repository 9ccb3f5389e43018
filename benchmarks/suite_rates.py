"""Write the rates of a finished run, detector by type, without its scores.

python benchmarks/suite_rates.py --suite maze [--environment E] [--home DIR]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from costs import write_run
from evals.column import Column
from evals.evidence import Evidence
from evals.evidence_file import read_suite_evidence
from evals.rates import rate


def suite_rates(evidence: Evidence) -> dict[str, Any]:
    """Counts with exact intervals by detector and type, by family, and what voids them."""
    shown = [one for one in evidence.columns if one.role not in ("floor", "part")]
    shown += [one for one in evidence.columns if one.role == "floor" and "/" not in one.name]
    return {
        "suite": evidence.suite,
        "suite_hash": evidence.suite_hash,
        "scores_sha256": evidence.scores_sha256,
        "alpha": evidence.alpha,
        "threshold": evidence.threshold,
        "rule": evidence.rule,
        "population": {
            f"{row.family}, {row.role}": {
                "admitted": row.admitted,
                "attempted": row.attempted,
                "cpu_seconds_each": round(row.cpu_seconds, 1),
            }
            for row in evidence.population
        },
        "detectors": {one.name: _detector(one, evidence.types) for one in shown},
        "void": [
            f"{killer.name}, {killer.access} {killer.subject} {killer.family}".strip()
            for killer in evidence.killers
            if killer.verdict == "void"
        ],
        "provenance": dict(evidence.provenance),
    }


def _detector(column: Column, types: tuple[str, ...]) -> dict[str, Any]:
    return {
        "role": column.role,
        "access": column.access,
        "false_alarms": column.false_alarms.text,
        "calibration_size": column.calibration_size,
        "cpu_seconds": round(column.cpu_seconds, 2),
        "forward_passes": round(column.forward_passes),
        **{name: _type(column, name) for name in types},
    }


def _type(column: Column, name: str) -> dict[str, Any]:
    cells = column.of_type(name)
    pooled = rate(sum(cell.detected for cell in cells), sum(cell.of for cell in cells))
    return {
        "seen_families": pooled.text,
        "by_construction": any(cell.by_construction for cell in cells),
        "families": {cell.family: cell.rate.text for cell in cells},
    }


def kept(folder: Path) -> dict[str, Any]:
    """The same of a run's folder."""
    return suite_rates(read_suite_evidence(folder / "evidence.json"))


if __name__ == "__main__":
    write_run("rates", kept, __doc__ or "")
