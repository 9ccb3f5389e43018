"""The commands of the main job: `mesascope run`, `build`, `show` and `report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evals.command.console import console
from evals.command.options import (
    Battery,
    BatteryOption,
    Device,
    DeviceOption,
    DryRunOption,
    EngineName,
    EngineOption,
    EnvironmentOption,
    HomeOption,
    RayOption,
    SuiteOption,
    TogetherOption,
    WorkersOption,
    finished_run,
)

if TYPE_CHECKING:
    from evals.suite.home import Home
    from evals.suite.suite import Suite


def run(
    suite: SuiteOption = "smoke",
    environment: EnvironmentOption = None,
    battery: BatteryOption = Battery.full,
    home: HomeOption = Path(),
    workers: WorkersOption = 0,
    device: DeviceOption = Device.cpu,
    engine: EngineOption = EngineName.local,
    ray_address: RayOption = None,
    together: TogetherOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Build, blind, score, rate, update the risk and write the page: the main job."""
    from evals.command.progress import shown
    from evals.report.tables.risk_tables import risk_table
    from evals.report.tables.run_tables import (
        detection_table,
        judging_tables,
        population_table,
        predictive_line,
        rivals_table,
    )
    from evals.report.words.caveats import warnings
    from evals.report.words.wording import void_lines
    from evals.running.engines import EngineChoice
    from evals.running.run import run as run_suite
    from evals.suite.suite_file import quick

    whole, place, count = _prepare(suite, home, workers)
    spec = whole.judged_in(environment)
    spec = quick(spec) if battery is Battery.quick else spec
    if _estimate(spec, place, count, dry_run):
        return
    with shown(spec, console) as progress:
        finished, risk = run_suite(
            spec,
            place,
            workers=count,
            device=device.value,
            progress=progress,
            engine=EngineChoice(engine.value, ray_address, together),
        )
    evidence = finished.evidence
    for table in (
        population_table(evidence),
        detection_table(evidence),
        *judging_tables(evidence),
        rivals_table(evidence.killers),
    ):
        console.print(table)
    for line in (*void_lines(evidence), predictive_line(risk.predictive)):
        console.print(line, highlight=False)
    console.print(risk_table(risk))
    for text in warnings(risk):
        console.print(f"! {text}", highlight=False)
    for name, file in (("evidence:", "evidence.json"), ("page:    ", "report.html")):
        console.print(f"{name} {finished.folder / file}", soft_wrap=True)


def build(
    suite: SuiteOption = "smoke",
    home: HomeOption = Path(),
    workers: WorkersOption = 0,
    device: DeviceOption = Device.cpu,
    engine: EngineOption = EngineName.local,
    ray_address: RayOption = None,
    together: TogetherOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Train and admit the organisms of a suite; finished ones are kept and never trained again."""
    from evals.command.progress import shown
    from evals.running.engines import EngineChoice
    from evals.running.grow import build as build_suite

    spec, place, count = _prepare(suite, home, workers)
    if _estimate(spec, place, count, dry_run):
        return
    with shown(spec, console) as progress:
        grown = build_suite(
            spec,
            place,
            workers=count,
            device=device.value,
            on_attempt=progress.on_attempt,
            engine=EngineChoice(engine.value, ray_address, together),
        )
    for group in grown:
        console.print(
            f"{group.wanted.spec.recipe}: {len(group.organisms)} admitted of "
            f"{len(group.attempts)} attempted"
        )


def show(
    id: Annotated[str, typer.Argument(help="Opaque id, as in scores.json of the run.")],
    suite: SuiteOption = "smoke",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
) -> None:
    """Show one suspect with its scores and its truth; refuses before the scores are frozen."""
    from evals.running.show_suspect import suspect_text
    from evals.suite.home import Home

    finished = finished_run(suite, environment, home)
    console.print(suspect_text(finished, Home(home).zoo, id), highlight=False)


def report(
    suite: SuiteOption = "smoke",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
) -> None:
    """Write the page of a finished run again."""
    from evals.running.update import updated_risk, write_page
    from evals.suite.home import Home

    done = finished_run(suite, environment, home)
    risk = updated_risk(done.evidence, done.suite.transport_weight)
    page = write_page(done.folder, done.evidence, risk, done.judged, done.grown, Home(home).zoo)
    console.print(f"page: {page}", soft_wrap=True)


def _prepare(suite: str, home: Path, workers: int) -> tuple[Suite, Home, int]:
    from evals.scoring.workers import default_workers
    from evals.suite.home import Home
    from evals.suite.suite_file import load_suite

    return load_suite(suite), Home(home), workers or default_workers()


def _estimate(suite: Suite, home: Home, workers: int, dry_run: bool) -> bool:
    """Print what is missing; True where that was all that was asked for."""
    from evals.running.estimate import estimate

    expected = estimate(suite, home, workers=workers)
    if expected.organisms or expected.suspects or dry_run:
        console.print(f"{suite.name}: {expected}; {workers} workers", highlight=False)
    return dry_run
