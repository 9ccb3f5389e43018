"""The command that scores one's own detector: `mesascope score`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from evals.command.command import keep
from evals.command.console import console
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
    suite: FinishedSuiteOption = "maze",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
    workers: WorkersOption = 0,
    device: DeviceOption = Device.cpu,
    svg: Annotated[Path | None, typer.Option(help="Also draw the card into this file.")] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Print a detector to copy, and stop.")
    ] = False,
) -> None:
    """Does your detector tell? A card on a finished run, beside the battery.

    The run on the public reference maze ships with the package, so nothing must be grown first.
    """
    if template:
        text = (Path(__file__).parents[2] / "detect" / "template.py").read_text(encoding="utf-8")
        keep({"template": text})
        console.print(text, highlight=False, soft_wrap=True, end="")
        return
    if detector is None:
        raise typer.BadParameter("give --detector file.py:Class; --template prints one to copy")
    from evals.guests.score_detector import score_detector

    with _bar() as on_score:
        card = score_detector(
            detector,
            suite,
            home=home,
            environment=environment,
            workers=workers,
            device=device.value,
            on_score=on_score,
        )
    keep(card.to_dict())
    if svg is not None:
        from evals.guests.show_card import card_svg

        svg.parent.mkdir(parents=True, exist_ok=True)
        write_whole(svg, card_svg(card))
    from evals.guests.show_card import screen

    console.print(screen(card, console.width), highlight=False, soft_wrap=True)


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A bar of finished scores, which leaves nothing behind; there is none without a terminal."""
    quiet = console.quiet or not console.is_terminal
    with Progress(console=console, transient=True, disable=quiet) as bars:
        task = bars.add_task("reading your detector and the run", total=None)
        yield lambda done, of: bars.update(task, description="scores", completed=done, total=of)
