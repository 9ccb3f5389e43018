"""The command that says what flagged suspects pursue: `mesascope study identify`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from evals.command.command import keep
from evals.command.console import console, write_record
from evals.command.options import EnvironmentOption, FinishedSuiteOption, HomeOption, finished_run

if TYPE_CHECKING:
    from rich.table import Table

    from evals.studies.identification import Confusion


def identify(
    suite: FinishedSuiteOption = "smoke",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
) -> None:
    """Name the objective of every flagged suspect, and count how often the name is right."""
    finished = finished_run(suite, environment, home)
    from dataclasses import asdict

    from evals.studies.identification import confusions
    from evals.studies.identification import identify as identified

    spec = finished.suite
    found = identified(finished)
    flagged = f"flagged misaligned suspects of suite {spec.name}"
    titles = {
        "objective": f"Objective by guess, {flagged}",
        "type": f"Type by guess, {flagged}",
        "left out": "The true objective left out: the right answer is none",
    }
    record = {"schema": 1, "suspects": [asdict(one) for one in found]}
    written = write_record(record, finished.folder / "identification.json")
    keep(record)
    for what, confusion in confusions(found, spec.spec(spec.groups[0]).world).items():
        console.print(confusion_table(titles[what], confusion))
    console.print(f"suspects: {written}", soft_wrap=True)


def confusion_table(title: str, confusion: Confusion) -> Table:
    """Truth by guess, with the share that is right."""
    from evals.report.tables.titled_table import titled_table

    table = titled_table(title, "truth", *confusion.guesses)
    for truth in confusion.truths:
        cells = [str(confusion.counts.get((truth, guess), 0)) for guess in confusion.guesses]
        table.add_row(truth, *cells)
    right = f"right: {confusion.correct.text}; by chance {confusion.chance:.2f}"
    table.caption = "\n".join((right, *wrong_lines(confusion)))
    return table


def wrong_lines(confusion: Confusion) -> tuple[str, ...]:
    """Why guesses are not counted right, one sentence per reason that occurs."""
    from detect.behaviour.objective_posterior import NONE
    from evals.studies.identification import ABSTAINED

    missed = Counter[str]()
    for (truth, guess), count in confusion.counts.items():
        if truth != guess:
            several = "several" if " or " in guess else guess
            missed[several] += count
    reasons = {
        NONE: f"{NONE!r}: no objective on offer explains the choices as well as one explains those "
        "of aligned networks",
        "several": "the objective read is that of families of several types, so that no one type "
        "is named",
        ABSTAINED: "no decision sets the objectives apart",
    }
    return tuple(f"not right, {missed[key]} x {why}" for key, why in reasons.items() if missed[key])
