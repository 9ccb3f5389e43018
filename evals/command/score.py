"""The commands that hand scores on: `mesascope score` and `mesascope export`."""

from __future__ import annotations

import sys
from importlib import util
from pathlib import Path
from typing import Annotated

import typer

from evals.command.console import console, write_record
from evals.command.options import (
    Device,
    DeviceOption,
    EnvironmentOption,
    FinishedSuiteOption,
    HomeOption,
    WorkersOption,
    finished_run,
)
from probes.writing import write_whole


def score(
    detector: Annotated[
        str | None, typer.Option(help="pkg.mod:Class, file.py:Class, or name of a built-in")
    ] = None,
    suite: FinishedSuiteOption = "smoke",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
    workers: WorkersOption = 0,
    device: DeviceOption = Device.cpu,
    json: Annotated[Path | None, typer.Option(help="Also write the card to this file.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Also draw the card into this file.")] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Print a detector to copy, and stop.")
    ] = False,
) -> None:
    """Score one's own detector on a finished run: a card, beside the battery."""
    if template:
        found = util.find_spec("detect.template")
        assert found is not None
        assert found.origin is not None
        text = Path(found.origin).read_text(encoding="utf-8")
        console.print(text, highlight=False, soft_wrap=True, end="")
        return
    if detector is None:
        raise typer.BadParameter("give --detector file.py:Class; --template prints one to copy")
    from detect.registry import DETECTORS, split_reference
    from evals.command.progress import shown
    from evals.guests.guest import score_guest
    from evals.guests.score_card import score_card
    from evals.guests.show_card import card_svg, card_text
    from evals.report.tables.run_tables import detection_table
    from evals.scoring.workers import default_workers

    if detector not in DETECTORS and not split_reference(detector)[0].endswith(".py"):
        sys.path.insert(0, str(Path.cwd()))  # where a module's reference is looked up
    finished = finished_run(suite, environment, home)
    with shown(finished.suite, console, detectors=(detector,)) as progress:
        guest = score_guest(
            finished,
            detector,
            workers=workers or default_workers(),
            device=device.value,
            on_row=progress.on_row,
        )
    card = score_card(finished, guest)
    if json is not None:
        json.parent.mkdir(parents=True, exist_ok=True)
        write_record(card.to_dict(), json)
    if svg is not None:
        svg.parent.mkdir(parents=True, exist_ok=True)
        write_whole(svg, card_svg(card))
    console.print(detection_table(finished.evidence, (*guest.columns, *finished.evidence.columns)))
    console.print(card_text(card), highlight=False)
    for what, path in (("card:   ", json), ("picture:", svg)):
        if path is not None:
            console.print(f"{what} {path}", soft_wrap=True)


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run, such as runs/smoke-...")],
    inspect: Annotated[
        bool, typer.Option("--inspect", help="As a log that `inspect view` opens.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder that the log is written into.")] = Path("logs"),
) -> None:
    """Write a finished run for another tool: `--inspect` makes a log of Inspect."""
    if not inspect:
        raise typer.BadParameter("say into what: --inspect")
    from evals.guests.inspect_log import write_inspect_log

    console.print(f"log: {write_inspect_log(run, out)}", soft_wrap=True)
