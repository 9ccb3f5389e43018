"""Write what a risk report costs: CPU-seconds at full size, whole and part by part."""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import time
from pathlib import Path
from typing import Any

from costs import RESULTS, machine
from evals.analysis import analyse
from evals.evidence_file import read_evidence
from evals.merged import merge
from evals.question import Question
from evals.risk import load_figures

REPEATS = 3
PARTS = (
    "draw_inputs", "risk_rows", "access_rows", "operating_rows", "consistency", "sensitivities",
    "two_links", "risk_indices", "tornado", "information_table", "next_measurements", "conflict",
)  # fmt: skip


def costs(evidence: Path) -> dict[str, Any]:
    """Median CPU-seconds of a report, and of its parts in a profiled one (which is slower)."""
    merged, figures, question = merge([read_evidence(evidence)]), load_figures(), Question()
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        analyse(merged, figures, question)
        seconds.append(time.process_time() - start)
    profile = cProfile.Profile()
    profile.runcall(analyse, merged, figures, question)
    stats = pstats.Stats(profile).get_stats_profile().func_profiles
    return {
        "machine": machine(),
        "draws": question.draws,
        "report_cpu_seconds": sorted(seconds)[REPEATS // 2],
        "profiled_cpu_seconds": {name: stats[name].cumtime for name in PARTS},
    }


def main() -> None:
    """Write benchmarks/results/risk-SUITE.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("evidence", type=Path, help="evidence.json of a run")
    given = parser.parse_args()
    suite = given.evidence.parent.name.partition("-")[0]
    path = RESULTS / f"risk-{suite}.json"
    path.write_text(json.dumps(costs(given.evidence), indent=1) + "\n")
    print(path)


if __name__ == "__main__":
    main()
