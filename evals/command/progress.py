"""Progress bars of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from evals.command.console import console, errors
from evals.running.run import Progress as Callbacks
from evals.scoring.score_table import Row
from evals.suite.suite import Suite
from organisms.zoo.zoo import Record


@contextmanager
def shown(suite: Suite, *, detectors: tuple[str, ...] | None = None) -> Iterator[Callbacks]:
    """Bars for organisms and scores on a terminal, and nothing elsewhere or with `--quiet`.

    A bar appears with its first unit of work.

    Args:
        detectors: what is scored; the suite's own battery if not given.
    """
    battery = suite.detectors if detectors is None else detectors
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=console.quiet or not errors.is_terminal,
    )
    with bars:
        growing = bars.add_task("organisms admitted", total=suite.size, visible=False)
        scoring = bars.add_task("scores", total=suite.size * len(battery), visible=False)

        def on_attempt(record: Record) -> None:
            bars.update(growing, visible=True, advance=int(record.admitted))
            if not record.admitted and not bars.disable:
                bars.console.print(
                    f"{record.spec.recipe} seed {record.spec.seed}: {record.verdict}",
                    highlight=False,
                )

        def on_row(row: Row) -> None:
            bars.update(scoring, visible=True, advance=1)

        yield Callbacks(on_attempt, on_row)
