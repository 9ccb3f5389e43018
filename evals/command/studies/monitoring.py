"""The command that rates input-level monitors: `mesascope study monitor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evals.command.command import keep
from evals.command.console import console, write_record
from evals.command.options import EnvironmentOption, FinishedSuiteOption, HomeOption, WorkersOption


def monitor(
    suite: FinishedSuiteOption = "smoke",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
    alpha: Annotated[
        float, typer.Option(help="Highest expected share of usual inputs flagged.", min=0, max=1)
    ] = 0.01,
    calibration: Annotated[
        int, typer.Option(help="Usual inputs of a network that set a threshold.", min=1, max=10**6)
    ] = 999,
    instances: Annotated[
        int, typer.Option(help="Inputs of every situation.", min=1, max=10**6)
    ] = 128,
    workers: WorkersOption = 0,
) -> None:
    """Fit monitors of single inputs on each network: how often do they flag it in the act?"""
    from evals.scoring.workers import default_workers, local_workers
    from evals.studies.monitoring.monitor_rates import (
        alarm_table,
        family_table,
        monitoring_record,
        type_tables,
    )
    from evals.studies.monitoring.monitoring import WatchedNetwork
    from evals.studies.monitoring.monitoring import monitor as monitored
    from evals.studies.monitoring.watch_network import WatchSettings
    from evals.suite.home import Home
    from evals.suite.suite_file import load_suite

    settings = WatchSettings(alpha=alpha, calibration=calibration, situation=instances)
    spec, place = load_suite(suite).judged_in(environment), Home(home)
    done: list[str] = []

    def on_network(one: WatchedNetwork) -> None:
        done.append(one.id)
        if len(done) % 10 == 0:
            console.print(f"{len(done)} of {spec.size} networks watched", highlight=False)

    with local_workers(workers or default_workers()) as executor:
        rated = monitored(spec, place, settings, executor=executor, on_network=on_network)
    record = monitoring_record(rated)
    written = write_record(record, place.run(spec) / "monitoring.json")
    keep(record)
    for table in (*type_tables(rated), family_table(rated), alarm_table(rated)):
        console.print(table)
    console.print(f"figures: {written}", soft_wrap=True)
