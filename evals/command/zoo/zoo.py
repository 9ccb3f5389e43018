"""Organisms grown, listed and shown: `mesascope zoo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evals.command.command import group, keep
from evals.command.console import console
from evals.command.options import (
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
    prepared,
    told_estimate,
)
from evals.command.zoo.save import save
from evals.command.zoo.travel import export, readmit, take_in, verify
from probes.errors import MesascopeError
from probes.writing import write_whole


class NoSuspect(MesascopeError, ValueError):
    """An id that no suspect of a run has."""


def grow(
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
    spec, place, count = prepared(suite, home, workers)
    from evals.command.progress import shown
    from evals.running.engines import EngineChoice
    from evals.running.grow import build as build_suite

    if told_estimate(spec, place, count, dry_run, reference=False):
        return
    with shown(spec) as progress:
        grown = build_suite(
            spec,
            place,
            workers=count,
            device=device.value,
            on_attempt=progress.on_attempt,
            engine=EngineChoice(engine.value, ray_address, together),
        )
    counts = [
        {
            "family": one.wanted.spec.recipe,
            "admitted": len(one.organisms),
            "attempted": len(one.attempts),
        }
        for one in grown
    ]
    keep({"suite": spec.name, "families": counts})
    for row in counts:
        console.print("{family}: {admitted} admitted of {attempted} attempted".format_map(row))


def list_organisms(
    suite: Annotated[
        str | None,
        typer.Option(help="Only the organisms of this suite; all of the zoo if not given."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--every", help="One line per network, duds with the failed check.")
    ] = False,
    page: Annotated[
        Path | None, typer.Option(help="Write a page with pictures and dose curves there too.")
    ] = None,
    home: HomeOption = Path(),
) -> None:
    """List the families of the zoo: admission, competence, expression and cost."""
    from dataclasses import asdict

    from evals.report.zoo.families import families
    from evals.report.zoo.zoo_tables import families_table, zoo_table
    from evals.running.grow import found_organisms
    from evals.suite.home import Home
    from evals.suite.suite_file import load_suite

    zoo = Home(home).zoo
    if suite is None:
        records = zoo.records()
    else:
        grown = found_organisms(load_suite(suite), zoo)
        records = [record for group in grown for record in group.attempts]
    if page is not None:
        from evals.report.zoo.organisms_page import render_organisms, zoo_page

        text = render_organisms(zoo_page(zoo, records, title=suite or "the whole zoo"))
        write_whole(page, text)
    found = families(records)
    keep({"families": [asdict(one) for one in found], "page": None if page is None else str(page)})
    if not records:
        console.print("the zoo is empty; `mesascope zoo grow --suite smoke` fills it")
        return
    console.print(zoo_table(records) if every else families_table(found))
    if page is not None:
        console.print(f"page: {page}", soft_wrap=True)


def show(
    id: Annotated[str, typer.Argument(help="Opaque id, as in scores.json of the run.")],
    suite: SuiteOption = "smoke",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
) -> None:
    """Show one suspect with its scores and its truth; refuses before the scores are frozen."""
    from evals.suite.suite_names import require_run, runs_of

    require_run(suite, home)
    runs = runs_of(suite, home)
    if runs and not any((run / "lineup" / f"{id}.safetensors").is_file() for run in runs):
        raise NoSuspect(
            f"no suspect {id!r} in {', '.join(map(str, runs))}; scores.json there names them"
        )
    from evals.running.show_suspect import suspect_text
    from evals.suite.home import Home

    finished = finished_run(suite, environment, home)
    text = suspect_text(finished, Home(home).zoo, id)
    keep({"suspect": id, "text": text})
    console.print(text, highlight=False)


zoo = group(
    "Grow organisms, look at them, move them between machines and check those from elsewhere.",
    {
        "grow": (grow, "zoo grow --suite maze --dry-run"),
        "list": (list_organisms, "zoo list --every"),
        "show": (show, "zoo show ID --suite smoke"),
        "save": (save, "zoo save ID FOLDER"),
        "export": (export, "zoo export maze.json --suite maze"),
        "import": (take_in, "zoo import maze.json"),
        "verify": (verify, "zoo verify maze.json --count 2"),
        "readmit": (readmit, "zoo readmit"),
    },
)
