"""What comes before a long job: its suite, its home, its workers, and what it will cost."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from evals.command.command import keep
from evals.command.console import console
from probes.writing import write_whole

if TYPE_CHECKING:
    from evals.suite.home import Home
    from evals.suite.suite import Suite
    from organisms.zoo.spec import OrganismSpec


def prepared(suite: str, home: Path, workers: int) -> tuple[Suite, Home, int]:
    """The suite, where it lies, and processes; raises as `load_suite` does."""
    from evals.scoring.workers import default_workers
    from evals.suite.home import Home
    from evals.suite.suite_file import load_suite

    return load_suite(suite), Home(home), workers or default_workers()


def fresh_name(suite: str, home: Path) -> str:
    """The suite with seeds that nobody has seen; the home keeps the number that they follow from.

    Raises:
        UnwritableFile: the home is read-only, or the disk is full.
    """
    kept = home / ".mesascope" / "fresh"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, str(1 + secrets.randbelow(10**9 - 1)))
    return f"{suite}_fresh{kept.read_text(encoding='utf-8').strip()}"


def grown_here(spec: OrganismSpec, home: Home) -> str:
    """What a network that was grown before one's eyes is, beside the reference set's of it."""
    from evals.command.travel import verdict_on
    from organisms.travel.reference import find_reference
    from organisms.travel.regrow import same_network

    record, public = home.zoo.load(spec), find_reference(spec)
    assert record is not None
    assert public is not None
    line = (
        f"Grown here in {record.train_seconds + record.admit_seconds:.0f} CPU-s: {spec.recipe}, "
        f"seed {spec.seed}, {record.verdict}"
    )
    if record.certificate is not None:
        passed = sum(check.passed for check in record.certificate.checks)
        beside = verdict_on(same_network(spec, public[1], home.zoo.weights(spec)))
        line += (
            f" by {passed} of {len(record.certificate.checks)} checks. Beside the network of the "
            f"reference set it is {beside}."
        )
    return line


def told_estimate(
    suite: Suite,
    home: Home,
    workers: int,
    dry_run: bool,
    *,
    reference: bool = True,
    live: bool = False,
) -> bool:
    """Print what is missing; True where that was all that was asked for.

    Args:
        reference: whether organisms of the reference set are taken and not grown.
        live: whether two of them are grown all the same.
    """
    from dataclasses import asdict

    from evals.running.estimate import estimate

    expected = estimate(suite, home, workers=workers, reference=reference, live=live)
    if expected.organisms or expected.suspects or dry_run:
        console.print(f"{suite.name}: {expected}; {workers} workers", highlight=False)
    if dry_run:
        keep({"suite": suite.name, "workers": workers, **asdict(expected)})
    return dry_run
