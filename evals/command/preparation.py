"""What comes before a long job: its suite, its home, its workers, and what it will cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evals.command.command import keep
from evals.command.console import console

if TYPE_CHECKING:
    from evals.suite.home import Home
    from evals.suite.suite import Suite


def prepared(suite: str, home: Path, workers: int) -> tuple[Suite, Home, int]:
    """The suite, where it lies, and processes; raises as `load_suite` does."""
    from evals.scoring.workers import default_workers
    from evals.suite.home import Home
    from evals.suite.suite_file import load_suite

    return load_suite(suite), Home(home), workers or default_workers()


def told_estimate(suite: Suite, home: Home, workers: int, dry_run: bool) -> bool:
    """Print what is missing; True where that was all that was asked for."""
    from dataclasses import asdict

    from evals.running.estimate import estimate

    expected = estimate(suite, home, workers=workers)
    if expected.organisms or expected.suspects or dry_run:
        console.print(f"{suite.name}: {expected}; {workers} workers", highlight=False)
    if dry_run:
        keep({"suite": suite.name, "workers": workers, **asdict(expected)})
    return dry_run
