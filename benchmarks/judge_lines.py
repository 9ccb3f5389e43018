"""Count the lines of rates, judging and risk, and fail where they are more than a reader can hold.

Every file and folder of `evals/` belongs to a part of the judge or to what stands beside it. A file
that nobody has assigned is an error, so that a new or renamed one cannot hide.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

MOST_LINES = 4_000

JUDGE: Mapping[str, tuple[str, ...]] = {
    "rates": (
        "rates", "threshold", "calibration", "limit", "new_family_limit", "family_posterior",
        "rank_test", "paired", "selection", "choice",
    ),
    "judging": (
        "judge", "entry", "columns", "measure", "stack", "killers", "floors", "artefacts",
        "family_null", "variant_killers", "sealed_limits", "budget",
    ),
    "risk": ("risk/*", "risk_report", "analysis", "merged"),
}  # fmt: skip
"""Part -> patterns of its files, without `.py`; one that matches nothing is harmless."""

BESIDE: Mapping[str, tuple[str, ...]] = {
    "suites, building and scoring": (
        "suite", "suite_checks", "suite_file", "group", "build", "quick", "home", "twins",
        "distinct_networks",
        "variants", "blind", "panel", "freeze", "workers", "code_digest", "run", "engines",
        "engine_name", "ray_engine", "estimate", "dose", "families", "named_suspect", "dossier",
        "recovered", "examples", "situations", "__init__",
    ),
    "the evidence file": (
        "evidence*", "json_schema", "column", "killer", "grades", "sweep",
    ),
    "studies": (
        "checkpoints", "step_bars", "traced", "lead_report", "lead_study", "lead_time",
        "divergence", "monitor_rates", "mean_share", "monitored", "monitoring", "mechanism",
        "mechanism_suite", "mechanism_rivals", "probing", "identification", "power",
    ),
    "guests and gate": (
        "guest", "score_card", "card_print", "card_svg", "card_text", "beside_battery",
        "detector_contract", "pytest_plugin", "inspect_log", "gated_run", "gated_suspect", "gate/*",
    ),
    "commands, tables and pages": (
        "cli", "*_cli", "*_table", "table", "titled_table", "console", "options", "progress",
        "failures", "organisms_page", "portraits", "report/*",
    ),
}  # fmt: skip
"""The same of what is no part of the judge; a file that fits both is counted as the judge's."""


def assigned(evals: Path) -> dict[str, list[tuple[str, int]]]:
    """Files of every part with their lines, in the order of the tables above.

    Raises:
        ValueError: a file belongs nowhere.
    """
    parts = {**JUDGE, **BESIDE}
    found: dict[str, list[tuple[str, int]]] = {part: [] for part in parts}
    lost = []
    for path in sorted(evals.rglob("*.py")):
        name = path.relative_to(evals).with_suffix("")
        homes = [part for part, patterns in parts.items() if _among(name, patterns)]
        if not homes:
            lost.append(f"{name}.py")
            continue
        found[homes[0]].append((f"{name}.py", len(path.read_text().splitlines())))
    if lost:
        raise ValueError(
            f"{', '.join(lost)}: nobody says whether this is a part of the judge; name it in JUDGE "
            f"or in BESIDE of {Path(__file__).name}"
        )
    return found


def _among(name: Path, patterns: Sequence[str]) -> bool:
    """A pattern with a folder takes all that lies in it; one without takes no folder."""
    return any(
        name.parts[0] == pattern.partition("/")[0]
        if "/" in pattern
        else len(name.parts) == 1 and name.match(pattern)
        for pattern in patterns
    )


def report(evals: Path) -> int:
    """Print files, parts and the total; 1 where the total is above `MOST_LINES`."""
    found = assigned(evals)
    total = 0
    for part in JUDGE:
        lines = sum(count for _, count in found[part])
        total += lines
        print(f"{part}: {lines} lines in {len(found[part])} files")
        for name, count in sorted(found[part], key=lambda one: -one[1]):
            print(f"  {count:5}  {name}")
    for part in BESIDE:
        lines = sum(count for _, count in found[part])
        print(f"(beside the judge: {part}, {lines} lines in {len(found[part])} files)")
    print(f"the judge: {total} lines, wanted at most {MOST_LINES}")
    return int(total > MOST_LINES)


def main() -> int:
    """Count the files of this checkout, or of another one."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).resolve().parents[1] / "evals"
    parser.add_argument("--evals", type=Path, default=default, help="folder to count")
    try:
        return report(parser.parse_args().evals)
    except ValueError as error:
        print(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
