"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SuiteOption = Annotated[str, typer.Option(help="Built-in suite, or the path of a suite file.")]
FinishedSuiteOption = Annotated[str, typer.Option(help="Suite of a finished run, or its file.")]
EnvironmentOption = Annotated[
    str | None, typer.Option(help="World to judge, where the suite holds several.")
]
HomeOption = Annotated[Path, typer.Option(help="Folder of .mesascope/ and runs/.")]
WorkersOption = Annotated[int, typer.Option(help="Processes; 0 takes one per processor.", min=0)]
