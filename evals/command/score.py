"""The command that scores one's own detector: `mesascope score`."""

from __future__ import annotations

import sys
from importlib import util
from pathlib import Path
from typing import Annotated

import typer

from evals.command.command import keep
from evals.command.console import console
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
        keep({"template": text})
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
    with shown(finished.suite, detectors=(detector,)) as progress:
        guest = score_guest(
            finished,
            detector,
            workers=workers or default_workers(),
            device=device.value,
            on_row=progress.on_row,
        )
    card = score_card(finished, guest)
    keep(card.to_dict())
    if svg is not None:
        svg.parent.mkdir(parents=True, exist_ok=True)
        write_whole(svg, card_svg(card))
    console.print(detection_table(finished.evidence, (*guest.columns, *finished.evidence.columns)))
    console.print(card_text(card), highlight=False)
    if svg is not None:
        console.print(f"picture: {svg}", soft_wrap=True)
