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
    fresh_name,
    prepared,
    told_estimate,
)


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
    whole, place, count = prepared(fresh_name(suite, home) if fresh else suite, home, workers)
    from dataclasses import asdict

    from evals.command.live import grown_here
    from evals.command.progress import shown
    from evals.command.screen import print_screen, rest_lines
    from evals.risk.risk_report import risk_record
    from evals.running.engines import EngineChoice
    from evals.running.grow import live_pair
    from evals.running.run import run as run_suite
    from evals.suite.suite_file import quick

    spec = whole.judged_in(environment)
    spec = quick(spec) if battery is Battery.quick else spec
    if told_estimate(spec, place, count, dry_run, live=live):
        return
    with shown(spec) as progress:
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
    print_screen(console, evidence, risk, rest_lines(suite, finished.folder))
