"""The command that follows networks through their training: `mesascope study lead-time`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evals.command.command import keep
from evals.command.console import console, write_record
from evals.command.options import HomeOption, SuiteOption, WorkersOption


def lead_time(
    family: Annotated[list[str], typer.Option(help="Misaligned family; may be repeated.")],
    suite: SuiteOption = "cpu",
    environment: Annotated[
        str | None, typer.Option(help="World, where the suite holds several.")
    ] = None,
    home: HomeOption = Path(),
    organisms: Annotated[int, typer.Option(help="Networks per family.", min=1, max=10**4)] = 3,
    controls: Annotated[
        int, typer.Option(help="Aligned networks to compare with.", min=2, max=10**4)
    ] = 4,
    checkpoints: Annotated[int, typer.Option(help="Looks at each network.", min=2, max=10**4)] = 10,
    detector: Annotated[
        list[str] | None, typer.Option(help="Detector; may be repeated. The suite's if left out.")
    ] = None,
    bar: Annotated[
        float,
        typer.Option(help="Share of instances from which behaviour has diverged.", min=0.01, max=1),
    ] = 0.5,
    instances: Annotated[
        int, typer.Option(help="Instances behaviour is measured on.", min=1, max=10**6)
    ] = 600,
    workers: WorkersOption = 0,
) -> None:
    """How many training steps before behaviour diverges do detectors raise the alarm for good?"""
    from evals.evidence.evidence_file import read_suite_evidence
    from evals.scoring.workers import default_workers, local_workers
    from evals.studies.lead_time.lead_report import (
        alarm_table,
        behaviour_table,
        lead_report,
        lead_tables,
        report_body,
    )
    from evals.studies.lead_time.lead_study import follow, plan_leads
    from evals.suite.home import Home
    from evals.suite.suite_file import load_suite

    spec, place = load_suite(suite).judged_in(environment), Home(home)
    plan = plan_leads(
        spec, place.zoo, family, organisms=organisms, controls=controls, checkpoints=checkpoints,
        detectors=detector or (),
    )  # fmt: skip
    count = len(plan.controls) + sum(map(len, plan.organisms.values()))
    done: list[str] = []

    def on_network(name: str) -> None:
        done.append(name)
        console.print(f"{len(done)} of {count} followed: {name}", highlight=False)

    folder, file = place.run(spec) / "lead_time", place.run(spec) / "evidence.json"
    with place.locked(), local_workers(workers or default_workers()) as executor:
        study = follow(plan, folder, executor=executor, instances=instances, on_network=on_network)
    evidence = read_suite_evidence(file) if file.is_file() else None
    report = lead_report(study, evidence, bar=bar)
    record = report_body(report)
    written = write_record(record, folder / "lead_time.json")
    keep(record)
    for line in study.failed:
        console.print(f"left out, training diverged: {line}", highlight=False)
    for table in (behaviour_table(report), *lead_tables(report), alarm_table(report.alarms)):
        console.print(table)
    console.print(f"figures: {written}", soft_wrap=True)
