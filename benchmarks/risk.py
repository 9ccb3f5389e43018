"""Write what a risk report costs: CPU-seconds at full size, whole and part by part."""

from __future__ import annotations

import cProfile
import pstats
import time
from pathlib import Path
from typing import Any

from costs import machine, write_costs
from evals.evidence.evidence_file import read_evidence
from evals.risk.analysis import analyse
from evals.risk.figures import load_figures
from evals.risk.merged import merge
from evals.risk.transport import load_transport
from evals.suite.home import Home
from evals.suite.suite_file import load_suite

REPEATS = 3
PARTS = (
    "draw_inputs", "type_updates", "risk_rows", "changes", "consistency", "overlap_bounds",
    "risk_indices", "information_values", "next_measurements",
)  # fmt: skip


def risk_costs(suite_name: str, home: Path) -> dict[str, Any]:
    """Median CPU-seconds of a report, and of its parts in a profiled one (which is slower)."""
    evidence = Home(home).run(load_suite(suite_name)) / "evidence.json"
    asked = merge([read_evidence(evidence)]), load_figures(), load_transport()
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        analyse(*asked)
        seconds.append(time.process_time() - start)
    profile = cProfile.Profile()
    report = profile.runcall(analyse, *asked)
    stats = pstats.Stats(profile).get_stats_profile().func_profiles
    return {
        "draws": report.draws,
        "report_cpu_seconds": sorted(seconds)[REPEATS // 2],
        "profiled_cpu_seconds": {name: stats[name].cumtime for name in PARTS},
        **machine(),
    }


if __name__ == "__main__":
    write_costs("risk", risk_costs, __doc__ or "")
