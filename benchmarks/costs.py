"""Write what a finished run cost: CPU-seconds per organism, seconds and passes per detector."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from evals.running.run import reopen
from evals.suite.home import Home
from evals.suite.suite_file import load_suite
from organisms.records.provenance import package_versions

RESULTS = Path(__file__).parent / "results"


def processor() -> str:
    """Name of the processor as the system gives it."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def device_name(device: str) -> str:
    """`cpu`, or how a GPU calls itself."""
    return "cpu" if device == "cpu" else torch.cuda.get_device_name(device)


def machine() -> dict[str, Any]:
    """Processor and versions."""
    return {
        "processor": processor(),
        "python": platform.python_version(),
        "versions": package_versions(),
    }


def costs(suite_name: str, home: Path) -> dict[str, Any]:
    """Costs of a finished run, with machine and versions.

    Raises:
        FreezeBroken: the suite was not run yet.
    """
    finished = reopen(load_suite(suite_name), Home(home))
    by_recipe: dict[str, dict[str, float]] = {}
    for group in finished.grown:
        row = by_recipe.setdefault(
            group.wanted.spec.recipe,
            {"attempted": 0, "admitted": 0, "train_cpu_seconds": 0.0, "admit_cpu_seconds": 0.0},
        )
        row["attempted"] += len(group.attempts)
        row["admitted"] += len(group.organisms)
        row["train_cpu_seconds"] += sum(record.train_seconds for record in group.attempts)
        row["admit_cpu_seconds"] += sum(record.admit_seconds for record in group.attempts)
    for row in by_recipe.values():
        spent = row["train_cpu_seconds"] + row["admit_cpu_seconds"]
        row["cpu_seconds_per_admitted"] = spent / row["admitted"]
    # The rule and its restrictions run no detector of their own.
    combined = ("rule", "restricted")
    scored = [c for c in finished.evidence.columns if "/" not in c.name and c.role not in combined]
    detectors = {
        column.name: {
            "access": column.access,
            "cpu_seconds_per_suspect": column.cpu_seconds,
            "forward_passes_per_suspect": column.forward_passes,
        }
        for column in scored
    }
    return {
        "suite": suite_name,
        "suite_hash": finished.evidence.suite_hash,
        "organisms": by_recipe,
        "detectors": detectors,
        "battery_cpu_seconds_per_suspect": sum(column.cpu_seconds for column in scored),
        **machine(),
    }


def rounded(value: Any) -> Any:
    """Three decimals are more than a shared machine repeats."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 3) if isinstance(value, float) else value


def write_result(path: Path, content: dict[str, Any]) -> None:
    """Write measured figures, rounded, making the folder where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rounded(content), indent=1) + "\n", encoding="utf-8")


def write_costs(prefix: str, measure: Callable[[str, Path], dict[str, Any]], words: str) -> None:
    """Read the options and write `results/PREFIX-SUITE.json`.

    Args:
        prefix: of the file's name.
        measure: what is written, from the suite's name and the folder of runs/.
        words: what the command does, for its help.
    """
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("--suite", default="smoke", help="a suite that has been run")
    parser.add_argument("--home", type=Path, default=Path(), help="folder of runs/")
    options = parser.parse_args()
    path = RESULTS / f"{prefix}-{options.suite}.json"
    write_result(path, measure(options.suite, options.home))
    print(path)


def write_run(prefix: str, kept: Callable[[Path], dict[str, Any]], words: str) -> None:
    """Read the options and write `results/PREFIX-SUITE.json` from the folder of a finished run.

    Args:
        prefix: of the file's name.
        kept: what is written, from the run's folder.
        words: what the command does, for its help.
    """
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("--suite", default="maze")
    parser.add_argument("--environment")
    parser.add_argument("--home", type=Path, default=Path())
    asked = parser.parse_args()
    suite = load_suite(asked.suite).judged_in(asked.environment)
    path = RESULTS / f"{prefix}-{suite.name}.json"
    write_result(path, kept(Home(asked.home).run(suite)))
    print(path)


if __name__ == "__main__":
    write_costs("costs", costs, __doc__ or "")
