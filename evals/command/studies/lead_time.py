"""The command that follows networks through their training: `mesascope lead-time`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evals.command.console import console
from evals.command.options import HomeOption, SuiteOption, WorkersOption


def lead_time(
    family: Annotated[list[str], typer.Option(help="Misaligned family; may be repeated.")],
    suite: SuiteOption = "cpu",
    environment: Annotated[
        str | None, typer.Option(help="World, where the suite holds several.")
    ] = None,
    home: HomeOption = Path(),
    organisms: Annotated[int, typer.Option(help="Networks per family.", min=1)] = 3,
    controls: Annotated[int, typer.Option(help="Aligned networks to compare with.", min=2)] = 4,
    checkpoints: Annotated[int, typer.Option(help="Looks at each network.", min=2)] = 10,
    detector: Annotated[
        list[str] | None, typer.Option(help="Detector; may be repeated. The suite's if left out.")
    ] = None,
    bar: Annotated[
        float,
        typer.Option(help="Share of instances from which behaviour has diverged.", min=0.01, max=1),
    ] = 0.5,
    instances: Annotated[
        int, typer.Option(help="Instances behaviour is measured on.", min=1)
    ] = 600,
    workers: WorkersOption = 0,
) -> None:
    """How many training steps before behaviour diverges do detectors raise the alarm for good?"""
    import json

    from evals.evidence.evidence_file import read_suite_evidence
    from evals.scoring.workers import default_workers, local_workers
    from evals.studies.lead_time.lead_report import lead_report, report_body
    from evals.studies.lead_time.lead_study import follow, plan_leads
    from evals.studies.lead_time.lead_table import alarm_table, behaviour_table, lead_tables
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

    folder = place.run(spec) / "lead_time"
    with place.locked(), local_workers(workers or default_workers()) as executor:
        study = follow(plan, folder, executor=executor, instances=instances, on_network=on_network)
    for line in study.failed:
        console.print(f"left out, training diverged: {line}", markup=False, highlight=False)
    evidence = place.run(spec) / "evidence.json"
    report = lead_report(
        study, read_suite_evidence(evidence) if evidence.is_file() else None, bar=bar
    )
    console.print(behaviour_table(study.organisms, bar=bar))
    for table in lead_tables(report.summaries):
        console.print(table)
    console.print(alarm_table(report.alarms))
    path = folder / "lead_time.json"
    path.write_text(json.dumps(report_body(study, report), indent=1, allow_nan=False))
    console.print(f"figures: {path}", soft_wrap=True)
