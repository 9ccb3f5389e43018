"""Keep what `mesascope study lead-time` found, without the scores of every checkpoint.

python benchmarks/lead_times.py --suite maze [--environment E] [--home DIR]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from costs import write_run
from probes.parsing import parse_json


def lead_times(report: dict[str, Any]) -> dict[str, Any]:
    """Leads network by network, false alarms step by step, and when behaviour diverged."""
    kept = {key: value for key, value in report.items() if key not in ("traces", "leads")}
    traces = [one for one in report["traces"] if one["own"]]
    return {
        **kept,
        "aligned_networks": len(report["traces"]) - len(traces),
        "own_objective": {
            f"{one['family']} {one['seed']}": [
                share["detected"] / share["of"] for share in one["own"]
            ]
            for one in traces
        },
        "leads": [
            {
                "family": one["family"],
                "detector": one["detector"],
                "threshold": one["threshold"],
                "nominal_fpr": one["nominal_fpr"],
                "leads": [each["lead"] for each in one["organisms"]],
                "median": one["median"],
                "interval": one["interval"],
            }
            for one in report["leads"]
        ],
        "false_alarms": {
            f"{one['detector']}, {one['kind']}": [each["detected"] for each in one["alarms"]]
            for one in report["false_alarms"]
        },
    }


def kept(folder: Path) -> dict[str, Any]:
    """The same of a run's folder."""
    return lead_times(
        parse_json((folder / "lead_time" / "lead_time.json").read_bytes(), "lead_time.json")
    )


if __name__ == "__main__":
    write_run("lead-times", kept, __doc__ or "")
