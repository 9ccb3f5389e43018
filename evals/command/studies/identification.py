"""The command that says what flagged suspects pursue: `mesascope identify`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from evals.command.console import console
from evals.command.options import EnvironmentOption, FinishedSuiteOption, HomeOption

if TYPE_CHECKING:
    from rich.table import Table

    from evals.studies.identification import Confusion


def identify(
    suite: FinishedSuiteOption = "smoke",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
) -> None:
    """Name the objective of every flagged suspect, and count how often the name is right."""
    from evals.running.run import reopen
    from evals.studies.identification import identify as identified
    from evals.studies.identification import left_out_confusion, objective_confusion, type_confusion
    from evals.suite.home import Home
    from evals.suite.suite_file import load_suite

    spec = load_suite(suite).judged_in(environment)
    finished = reopen(spec, Home(home))
    found, world = identified(finished), spec.spec(spec.groups[0]).world
    flagged = f"flagged misaligned suspects of suite {spec.name}"
    confusions = {
        f"Objective by guess, {flagged}": objective_confusion(found, world),
        f"Type by guess, {flagged}": type_confusion(found, world),
        "The true objective left out: the right answer is none": left_out_confusion(found, world),
    }
    for title, confusion in confusions.items():
        console.print(confusion_table(title, confusion))
    path = finished.folder / "identification.json"
    rows = [{**asdict(one), "truth": asdict(one.truth)} for one in found]
    path.write_text(json.dumps({"schema": 1, "suspects": rows}, indent=1, allow_nan=False))
    console.print(f"suspects: {path}", soft_wrap=True)


def confusion_table(title: str, confusion: Confusion) -> Table:
    """Truth by guess, with the share that is right."""
    from evals.report.tables.titled_table import titled_table

    table = titled_table(title, "truth", *confusion.guesses)
    for truth in confusion.truths:
        cells = [str(confusion.counts.get((truth, guess), 0)) for guess in confusion.guesses]
        table.add_row(truth, *cells)
    table.caption = f"right: {confusion.correct.text}; by chance {confusion.chance:.2f}"
    return table
