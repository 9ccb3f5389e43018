"""Write the rates of a finished run, detector by type, without its scores.

python benchmarks/suite_rates.py --suite maze [--environment E] [--home DIR]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from costs import write_run
from evals.evidence.detector_rates import DetectorRates
from evals.evidence.evidence import Evidence
from evals.evidence.evidence_file import read_suite_evidence
from evals.evidence.rival_explanation import Rival, voided
from evals.statistics.rates import rate


def suite_rates(evidence: Evidence) -> dict[str, Any]:
    """Counts with exact intervals by detector, type and family, and the rival explanations."""
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
        "detectors": {one.name: _detector(one, evidence) for one in shown},
        "rivals": [
            f"{one.name}, {one.subject}: {one.verdict}; {one.text}"
            for one in evidence.killers
            if one.verdict in ("void", "at_chance", "stands_out")
        ],
        "provenance": dict(evidence.provenance),
    }


def _detector(column: DetectorRates, evidence: Evidence) -> dict[str, Any]:
    limit = column.limit
    return {
        "role": column.role,
        "access": column.access,
        "limit": f"{limit.text}, by {limit.networks} networks of {limit.families} families",
        "why": limit.why or f"skewness {limit.skewness:+.2f}, farthest {limit.farthest:.1f} sd",
        "false_alarms": column.alarm_text,
        "false_alarms_by_family": {
            row.group: f"{row.alarms}/{row.of}" for row in column.alarms if row.alarms
        },
        "cpu_seconds": round(column.cpu_seconds, 2),
        "forward_passes": round(column.forward_passes),
        **{name: _type(column, name, evidence.killers) for name in evidence.types},
    }


def _type(column: DetectorRates, name: str, killers: tuple[Rival, ...]) -> dict[str, Any]:
    cells = column.of_type(name)
    pooled = rate(sum(cell.detected for cell in cells), sum(cell.of for cell in cells))
    return {
        "seen_families": pooled.text,
        "by_construction": any(cell.by_construction for cell in cells),
        "families": {
            cell.family: cell.rate.text
            + "".join(f", void by {one.name}" for one in voided(killers, column, cell))
            for cell in cells
        },
    }


def kept(folder: Path) -> dict[str, Any]:
    """The same of a run's folder."""
    return suite_rates(read_suite_evidence(folder / "evidence.json"))


if __name__ == "__main__":
    write_run("rates", kept, __doc__ or "")
