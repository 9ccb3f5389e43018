"""The main job: `mesascope run`."""

from __future__ import annotations

from pathlib import Path

from evals.command.command import keep
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
    FreshOption,
    HomeOption,
    LiveOption,
    RayOption,
    SuiteOption,
    TogetherOption,
    WorkersOption,
)
from evals.command.preparation import fresh_name, grown_here, prepared, told_estimate
from evals.command.risk import print_flags


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
    fresh: FreshOption = False,
    live: LiveOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Build, blind, score, rate, update the risk and write the page: the main job."""
    from dataclasses import asdict

    from evals.command.progress import shown
    from evals.report.tables.risk_tables import risk_table
    from evals.report.tables.run_tables import (
        detection_table,
        judging_tables,
        population_table,
        predictive_line,
        rivals_table,
    )
    from evals.report.words.wording import void_lines
    from evals.risk.risk_report import risk_record
    from evals.running.engines import EngineChoice
    from evals.running.grow import live_pair
    from evals.running.run import run as run_suite
    from evals.suite.suite_file import quick

    whole, place, count = prepared(fresh_name(suite, home) if fresh else suite, home, workers)
    spec = whole.judged_in(environment)
    spec = quick(spec) if battery is Battery.quick else spec
    if told_estimate(spec, place, count, dry_run, live=live):
        return
    with shown(spec, console) as progress:
        finished, risk = run_suite(
            spec,
            place,
            workers=count,
            device=device.value,
            progress=progress,
            engine=EngineChoice(engine.value, ray_address, together),
            live=live,
        )
    for each in live_pair(spec.wanted()) if live else ():
        console.print(grown_here(each, place), highlight=False)
    evidence = finished.evidence
    page = finished.folder / "report.html"
    keep({"evidence": asdict(evidence), "risk": risk_record(risk), "page": str(page)})
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
    print_flags(risk)
    for name, file in (("evidence:", "evidence.json"), ("page:    ", "report.html")):
        console.print(f"{name} {finished.folder / file}", soft_wrap=True)
