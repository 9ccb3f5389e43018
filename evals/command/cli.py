"""The `mesascope` command: what one types, and what a failure prints and returns."""

from __future__ import annotations

import math
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from functools import partial
from types import FrameType
from typing import Any

import typer
import typer.core
from rich.console import Console

from evals.command.probe import probe
from evals.command.risk import gate, risk
from evals.command.run import build, report, run, show
from evals.command.score import export, score
from evals.command.studies.budget import budget
from evals.command.studies.identification import identify
from evals.command.studies.lead_time import lead_time
from evals.command.studies.mechanism import mechanism
from evals.command.studies.monitoring import monitor
from evals.command.studies.power import power
from evals.command.zoo import organisms, zoo
from probes.errors import MesascopeError, MesascopeWarning, on_one_line


class Command(typer.core.TyperCommand):
    """A command whose numbers are finite: a range alone lets NaN through."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse NaN and infinity, whichever option they are given to."""
        rest = super().parse_args(ctx, args)
        for parameter in self.get_params(ctx):
            value = ctx.params.get(parameter.name or "")
            if isinstance(value, float) and not math.isfinite(value):
                raise typer.BadParameter(f"{parameter.name} {value} is no finite number", ctx=ctx)
        return rest


app = typer.Typer(
    help="Measured detection rates for mesa-optimization: sealed organisms, blind detectors.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
for command in (
    run, build, show, report, risk, gate, organisms, power, budget, lead_time, probe, mechanism,
    identify, monitor, score, export,
):  # fmt: skip
    app.command(cls=Command)(command)
app.add_typer(zoo, name="zoo")

BAD_INPUT, OUR_BUG, INTERRUPTED = 2, 3, 130


def main() -> None:
    """Run the command; bad input ends with one message and exit code 2."""
    signal.signal(signal.SIGINT, _interrupted)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = partial(_warn, warnings.showwarning)
            app()
    except Exception as error:  # the outermost frame: whatever comes becomes a message and a code
        sys.exit(_explain(error))


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
    if isinstance(error, MesascopeError):
        _fail(str(error))
        return error.exit_code
    if isinstance(error, (BrokenExecutor, OSError)):
        _fail(str(error))
        return BAD_INPUT
    traceback.print_exception(error)
    _fail("this is a bug in mesascope; finished organisms and scores are kept")
    return OUR_BUG


def _fail(message: str) -> None:
    Console(stderr=True).print(
        f"mesascope: {message}", markup=False, highlight=False, soft_wrap=True
    )


if __name__ == "__main__":
    main()
