"""The `mesascope` command: the only place that prints and chooses seeds and paths."""

from __future__ import annotations

import signal
import sys
import traceback
from concurrent.futures import BrokenExecutor
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from evals.command.console import console
from evals.command.options import (
    Battery,
    BatteryOption,
    Device,
    DeviceOption,
    DryRunOption,
    EngineOption,
    EnvironmentOption,
    HomeOption,
    RayOption,
    SuiteOption,
    TogetherOption,
    WorkersOption,
)
from evals.command.organisms import organisms
from evals.command.probe import probe
from evals.command.risk import gate, print_flags, risk
from evals.command.score import export, score
from evals.command.studies.budget import budget
from evals.command.studies.identification import identify
from evals.command.studies.lead_time import lead_time
from evals.command.studies.mechanism import mechanism
from evals.command.studies.monitoring import monitor
from evals.command.studies.power import power
from evals.command.zoo import zoo
from evals.running.engine_name import EngineName
from probes.errors import MesascopeError

if TYPE_CHECKING:
    from evals.risk.risk_report import RiskReport
    from evals.running.run import Finished
    from evals.suite.home import Home
    from evals.suite.suite import Suite

app = typer.Typer(
    help="Measured detection rates for mesa-optimization: sealed organisms, blind detectors.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
app.command()(risk)
app.command()(gate)
app.command()(organisms)
app.command()(power)
app.command()(budget)
app.command()(lead_time)
app.command()(probe)
app.command()(mechanism)
app.command()(identify)
app.command()(monitor)
app.command()(score)
app.command()(export)
app.add_typer(zoo, name="zoo")

BAD_INPUT, OUR_BUG, INTERRUPTED = 2, 3, 130


@app.command()
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
        killer_table,
        population_table,
        predictive_line,
    )
    from evals.report.words.wording import void_lines
    from evals.risk.risk_report import write_risk
    from evals.running.engines import EngineChoice
    from evals.running.run import run as run_suite
    from evals.suite.quick import quick

    whole, place, count = _prepare(suite, home, workers)
    spec = whole.judged_in(environment)
    spec = quick(spec) if battery is Battery.quick else spec
    if _estimate(spec, place, count, dry_run):
        return
    with shown(spec, console) as progress:
        finished = run_suite(
            spec,
            place,
            workers=count,
            device=device.value,
            progress=progress,
            engine=EngineChoice(engine, ray_address, together),
        )
    updated = _risk(finished, spec)
    write_risk(updated, finished.folder / "risk.json")
    console.print(population_table(finished.evidence))
    console.print(detection_table(finished.evidence))
    for table in judging_tables(finished.evidence):
        console.print(table)
    console.print(killer_table(finished.evidence.killers))
    for line in (*void_lines(finished.evidence), predictive_line(updated.predictive)):
        console.print(line, markup=False, highlight=False)
    console.print(risk_table(updated))
    print_flags(updated)
    console.print(f"evidence: {finished.folder / 'evidence.json'}", soft_wrap=True)
    console.print(f"page:     {_page(finished, place, updated)}", soft_wrap=True)


@app.command()
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
    from evals.running.run import build as build_suite

    spec, place, count = _prepare(suite, home, workers)
    if _estimate(spec, place, count, dry_run):
        return
    with shown(spec, console) as progress:
        grown = build_suite(
            spec,
            place,
            workers=count,
            device=device.value,
            progress=progress,
            engine=EngineChoice(engine, ray_address, together),
        )
    for group in grown:
        console.print(
            f"{group.wanted.spec.recipe}: {len(group.organisms)} admitted of "
            f"{len(group.attempts)} attempted"
        )


@app.command()
def show(
    id: Annotated[str, typer.Argument(help="Opaque id, as in scores.json of the run.")],
    suite: SuiteOption = "smoke",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
) -> None:
    """Show one suspect with its scores and its truth; refuses before the scores are frozen."""
    from evals.running.run import reopen
    from evals.running.show_suspect import dossier
    from evals.suite.home import Home
    from evals.suite.suite_file import load_suite

    spec = load_suite(suite).judged_in(environment)
    place = Home(home)
    console.print(dossier(reopen(spec, place), place, id), markup=False, highlight=False)


@app.command()
def report(
    suite: SuiteOption = "smoke",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
) -> None:
    """Write the page of a finished run again."""
    from evals.running.run import reopen
    from evals.suite.home import Home
    from evals.suite.suite_file import load_suite

    place, spec = Home(home), load_suite(suite).judged_in(environment)
    finished = reopen(spec, place)
    updated = _risk(finished, spec)
    console.print(f"page: {_page(finished, place, updated)}", soft_wrap=True)


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


def _risk(finished: Finished, suite: Suite) -> RiskReport:
    from dataclasses import replace

    from evals.risk.analysis import analyse
    from evals.risk.figures import load_figures
    from evals.risk.merged import merge
    from evals.risk.transport import load_transport

    transport = replace(load_transport(), weight=suite.transport_weight)
    return analyse(merge([finished.evidence]), load_figures(), transport)


def _page(finished: Finished, home: Home, updated: RiskReport) -> Path:
    from evals.report.run_page import run_page

    path = finished.folder / "report.html"
    path.write_text(run_page(finished, home, updated))
    return path


def main() -> None:
    """Run the command; bad input ends with one message and exit code 2."""
    signal.signal(signal.SIGINT, _interrupted)
    try:
        app()
    except Exception as error:  # the outermost frame: whatever comes becomes a message and a code
        sys.exit(_explain(error))


def _interrupted(number: int, frame: FrameType | None) -> None:
    _fail("interrupted; finished organisms and scores are kept, the same command resumes")
    sys.exit(INTERRUPTED)


def _explain(error: Exception) -> int:
    """Print an expected failure and return its exit code; anything else is our bug."""
    if isinstance(error, MesascopeError):
        _fail(str(error))
        return error.exit_code
    if isinstance(error, (BrokenExecutor, OSError)):
        _fail(str(error))
        return BAD_INPUT
    traceback.print_exception(error)
    _fail("this is a bug in mesascope; finished organisms and scores are kept")
    return OUR_BUG


def _fail(message: str) -> None:
    Console(stderr=True).print(
        f"mesascope: {message}", markup=False, highlight=False, soft_wrap=True
    )


if __name__ == "__main__":
    main()
