"""The commands that hand scores on: `mesascope score` and `mesascope export`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from evals.command.console import console, write_record
from evals.command.options import (
    Device,
    DeviceOption,
    EnvironmentOption,
    FinishedSuiteOption,
    HomeOption,
    WorkersOption,
)
from probes.writing import write_whole


def score(
    detector: Annotated[
        str | None, typer.Option(help="file.py, file.py:Class, pkg.mod:Class, or a built-in's name")
    ] = None,
    suite: FinishedSuiteOption = "smoke",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
    workers: WorkersOption = 0,
    device: DeviceOption = Device.cpu,
    json: Annotated[
        Path | None, typer.Option(help="Also write the card to this file; - prints it alone.")
    ] = None,
    svg: Annotated[Path | None, typer.Option(help="Also draw the card into this file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no card and no progress.")] = False,
    template: Annotated[
        bool, typer.Option("--template", help="Print a detector to copy, and stop.")
    ] = False,
) -> None:
    """Does your detector tell? A card on a finished run, beside the battery.

    Example: mesascope score --template > mine.py; mesascope score --detector mine.py
    """
    if template:
        text = (Path(__file__).parents[2] / "detect" / "template.py").read_text(encoding="utf-8")
        console.print(text, highlight=False, soft_wrap=True, end="")
        return
    if detector is None:
        raise typer.BadParameter("give --detector file.py:Class; --template prints one to copy")
    from evals.guests.score_detector import score_detector

    alone = str(json) == "-"
    with _bar(quiet=quiet or alone) as on_score:
        card = score_detector(
            detector,
            suite,
            home=home,
            environment=environment,
            workers=workers,
            device=device.value,
            on_score=on_score,
        )
    if json is not None and not alone:
        json.parent.mkdir(parents=True, exist_ok=True)
        write_record(card.to_dict(), json)
    if svg is not None:
        from evals.guests.show_card import card_svg

        svg.parent.mkdir(parents=True, exist_ok=True)
        write_whole(svg, card_svg(card))
    if alone:
        sys.stdout.write(dumps(card.to_dict(), indent=1, allow_nan=False) + "\n")
    elif not quiet:
        from evals.guests.show_card import screen

        console.print(screen(card, console.width), highlight=False, soft_wrap=True)


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar of finished scores, which leaves nothing behind; there is none without a terminal."""
    bars = Progress(console=console, transient=True, disable=quiet or not console.is_terminal)
    with bars:
        task = bars.add_task("reading your detector and the run", total=None)
        yield lambda done, of: bars.update(task, description="scores", completed=done, total=of)


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
