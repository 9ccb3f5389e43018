"""The `mesascope` command: what one types, and what a failure prints and returns."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from functools import partial
from io import StringIO
from types import FrameType
from typing import Annotated, Any

import typer
from typer.main import get_command

from evals.command.audit import audit, spread
from evals.command.command import add_commands
from evals.command.console import (
    CLOSED_PIPE,
    console,
    errors,
    prepare_streams,
    silence,
)
from evals.command.doctor import doctor
from evals.command.probing.probe import probe
from evals.command.report import report
from evals.command.risk import gate, risk
from evals.command.run import run
from evals.command.score import score
from evals.command.studies.study import study
from evals.command.zoo.zoo import zoo
from organisms.records.provenance import package_version
from probes.errors import MesascopeError, MesascopeWarning, on_one_line

app = typer.Typer(
    help="Measured detection rates for mesa-optimization: sealed organisms, blind detectors.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
add_commands(
    app,
    {
        "run": (run, "run --suite smoke --dry-run"),
        "score": (score, "score --suite smoke --detector mine.py:Mine"),
        "audit": (audit, "audit policy.safetensors --adapter mine.py:Mine --trusted a.safetensors"),
        "probe": (probe, "probe FOLDER --data texts.jsonl"),
        "risk": (
            risk,
            "risk --evidence evidence.json --what-if detect.deceptive=0.8",
        ),
        "report": (report, "report --suite smoke --table detection"),
        "gate": (gate, "gate --evidence runs/smoke-a654caca/evidence.json --incident incidents"),
        "doctor": (doctor, "doctor"),
    },
)
app.add_typer(zoo, name="zoo")
app.add_typer(study, name="study")


def _version(asked: bool) -> bool:
    if asked:
        console.print(f"mesascope {package_version('mesascope')}", highlight=False)
        raise typer.Exit
    return asked


@app.callback()
def mesascope(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Take the options of no command in particular."""


BAD_INPUT, OUR_BUG, INTERRUPTED = 2, 3, 130
"""Exit codes beside 0, those of verdicts (1) and that of a closed pipe, `CLOSED_PIPE`."""

COMPLETING = "_MESASCOPE_COMPLETE"
"""Variable by which a shell asks what may follow; see `mesascope --show-completion`."""

_ClickException: Any = typer.BadParameter.__mro__[2]  # newer typers bring a click of their own


def main() -> None:
    """Run the command; bad input ends with one message and exit code 2."""
    signal.signal(signal.SIGINT, _interrupted)
    prepare_streams()
    try:
        code = _run(sys.argv[1:])
    finally:
        silence()
    sys.exit(code)


def _run(words: list[str]) -> int:
    """Call the command and return its exit code.

    What typer does by itself is left out: it ends by code 1, which is the gate's, where nobody
    reads what is printed, and it sends a user's words to the terminal as they are.
    """
    command = get_command(app)
    try:
        if COMPLETING in os.environ:
            command.main([], "mesascope", COMPLETING)
        with warnings.catch_warnings(), command.make_context("mesascope", spread(words)) as context:
            warnings.showwarning = partial(_warn, warnings.showwarning)
            command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as asked:
        return int(asked.exit_code)
    except Exception as error:  # the outermost frame: whatever comes becomes a message and a code
        return _explain(error)
    return 0


def _warn(usual: Callable[..., None], message: Warning | str, *about: Any, **more: Any) -> None:
    """A warning of ours is a message to the user, any other one to a developer."""
    if isinstance(message, MesascopeWarning):
        _fail(on_one_line(str(message)))
    else:
        usual(message, *about, **more)


def _interrupted(number: int, frame: FrameType | None) -> None:
    _fail("interrupted; finished organisms and scores are kept, the same command resumes")
    sys.exit(INTERRUPTED)


def _explain(error: Exception) -> int:
    """Print an expected failure and return its exit code; anything else is our bug."""
    if isinstance(error, BrokenPipeError):
        return CLOSED_PIPE
    if isinstance(error, _ClickException):
        paper = StringIO()
        error.show(paper)
        errors.print(paper.getvalue(), highlight=False, soft_wrap=True, end="")
        return BAD_INPUT
    if isinstance(error, MesascopeError):
        _fail(str(error))
        return error.exit_code
    if isinstance(error, MemoryError):
        _fail(f"this needs more memory than there is ({error}); ask for less at once")
        return BAD_INPUT
    if isinstance(error, (BrokenExecutor, OSError)):
        _fail(str(error))
        return BAD_INPUT
    errors.print("".join(traceback.format_exception(error)), highlight=False, soft_wrap=True)
    _fail("this is a bug in mesascope; finished organisms and scores are kept")
    return OUR_BUG


def _fail(message: str) -> None:
    errors.print(f"mesascope: {message}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
