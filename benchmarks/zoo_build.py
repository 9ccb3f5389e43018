"""Build a suite's organisms and keep what each family took; a stopped build says how far it came.

python benchmarks/zoo_build.py --suite cpu --device cuda --workers 16 [--home DIR] [--out DIR]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from costs import RESULTS, device_name, machine, write_result
from evals.report.zoo.families import Family, families
from evals.running.grow import build
from evals.suite.home import Home
from evals.suite.suite import Suite
from evals.suite.suite_file import load_suite
from organisms.growing.population import TooFewOrganisms
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Record


def family_row(family: Family) -> dict[str, Any]:
    """What `mesascope zoo list` prints of a family in one shape."""
    return {
        "family": family.name,
        "shape": family.shape,
        "attempted": family.attempted,
        "admitted": family.admitted,
        "diverged": family.diverged,
        "competence": family.competence.mean,
        "weakest": family.weakest,
        "cpu_seconds_per_attempt": family.cpu_seconds,
        "failures": family.failures,
    }


def built(suite: Suite, home: Home, workers: int, device: str) -> dict[str, Any]:
    """Build until every group is full, one cannot be, or Ctrl-C; what was finished is reported.

    Twins are built first and counted in the minutes alone.
    """
    found_before = len(home.zoo.records())
    started = time.perf_counter()
    arrived: dict[OrganismSpec, tuple[Record, float]] = {}

    def note(record: Record) -> None:
        arrived[record.spec] = (record, (time.perf_counter() - started) / 60)

    try:
        build(suite, home, workers=workers, device=device, on_attempt=note)
        outcome = "whole"
    except KeyboardInterrupt:
        outcome = "stopped"
    except TooFewOrganisms as error:
        outcome = str(error)
    records = [record for record, _ in arrived.values()]
    return {
        "outcome": outcome,
        "found_before": found_before,
        "wanted": suite.size,
        "attempted": len(records),
        "admitted": sum(record.admitted for record in records),
        "minutes": (time.perf_counter() - started) / 60,
        "last_arrived_after_minutes": max((when for _, when in arrived.values()), default=None),
        "cpu_seconds": sum(record.train_seconds + record.admit_seconds for record in records),
        "families": [family_row(family) for family in families(records)],
    }


def main() -> None:
    """Write `zoo-SUITE-DEVICE.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", default="cpu")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--home", type=Path, default=Path())
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    asked = parser.parse_args()
    found = built(load_suite(asked.suite), Home(asked.home), asked.workers, asked.device)
    content = {"device": device_name(asked.device), "workers": asked.workers, **machine(), **found}
    path = asked.out / f"zoo-{asked.suite}-{asked.device}.json"
    write_result(path, content)
    print(path)


if __name__ == "__main__":
    main()
