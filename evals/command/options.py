"""Options that several commands take, and what they name: a finished run, or a job to do."""

from __future__ import annotations

import secrets
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evals.command.command import keep
from evals.command.console import console
from probes.writing import write_whole

if TYPE_CHECKING:
    from evals.running.run import Finished
    from evals.suite.home import Home
    from evals.suite.suite import Suite


class Device(StrEnum):
    """Where networks live."""

    cpu = "cpu"
    cuda = "cuda"


class EngineName(StrEnum):
    """Where organisms are grown."""

    local = "local"
    ray = "ray"


class Battery(StrEnum):
    """Which detectors of a suite are run."""

    full = "full"
    quick = "quick"


def _there(device: Device) -> Device:
    """Refuse a device that this machine lacks, before anything is read or trained."""
    if device is Device.cuda:
        import torch

        if not torch.cuda.is_available():
            raise typer.BadParameter("torch sees no CUDA device; use --device cpu")
    return device


SuiteOption = Annotated[str, typer.Option(help="Built-in suite, or the path of a suite file.")]
FinishedSuiteOption = Annotated[str, typer.Option(help="Suite of a finished run, or its file.")]
EnvironmentOption = Annotated[
    str | None, typer.Option(help="World to judge, where the suite holds several.")
]
HomeOption = Annotated[Path, typer.Option(help="Folder of .mesascope/ and runs/.")]
WorkersOption = Annotated[
    int, typer.Option(help="Processes; 0 takes one per processor.", min=0, max=1024)
]
BatteryOption = Annotated[
    Battery, typer.Option(help="quick: the cheap detectors, as suite NAME_quick.")
]
DeviceOption = Annotated[Device, typer.Option(help="Where networks live.", callback=_there)]
EngineOption = Annotated[EngineName, typer.Option(help="Where organisms are grown.")]
RayOption = Annotated[
    str | None,
    typer.Option(
        help="host:port of a running Ray cluster; RAY_ADDRESS, or one's own, if left out."
    ),
]
TogetherOption = Annotated[
    bool | None,
    typer.Option(
        "--together/--one-by-one",
        help="Train organisms of one shape as one program where that is cheaper: the default on "
        "cuda. On cpu weights then agree within rounding, not to the bit.",
    ),
]
FreshOption = Annotated[
    bool,
    typer.Option(
        "--fresh",
        help="Grow organisms of new seeds instead of taking those of the public reference set: "
        "what a measurement takes that is to count.",
    ),
]
LiveOption = Annotated[
    bool,
    typer.Option(
        "--live",
        help="Grow one aligned and one misaligned organism of the reference set again, and "
        "compare.",
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print the estimate and stop.")]


def finished_run(suite: str, environment: str | None, home: Path) -> Finished:
    """Read a finished run without training or scoring.

    Raises:
        SpecError, NoRun: as `require_run` does.
        FreezeBroken, EvidenceError, ZooError: as `reopen_named` does.
    """
    from evals.suite.suite_names import require_run

    require_run(suite, home)
    from evals.running.run import reopen_named

    return reopen_named(suite, environment, home)


def prepared(suite: str, home: Path, workers: int) -> tuple[Suite, Home, int]:
    """The suite, where it lies, and processes; raises as `load_suite` does."""
    from evals.suite.suite_names import suite_path

    suite_path(suite)  # refuses before anything heavy is loaded
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
