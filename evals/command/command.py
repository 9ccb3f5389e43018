"""A command as one types it: an example in its help, finite numbers, `--json` and `--quiet`."""

from __future__ import annotations

import inspect
import json as json_text
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from evals.command.console import console
from probes.errors import MesascopeError
from probes.writing import write_whole

STANDARD_OUTPUT = Path("-")

SHARED: Mapping[str, Any] = {
    "json": Annotated[
        Path | None,
        typer.Option(
            help="Write the result as JSON to this file; '-' is standard output, and then nothing "
            "else is printed there.",
            metavar="FILE",
        ),
    ],
    "quiet": Annotated[
        bool, typer.Option("--quiet", help="Print nothing but warnings and errors.")
    ],
}
"""Options of every command, and their types."""

DEFAULTS: Mapping[str, Any] = {"json": None, "quiet": False}


class UnwritableRecord(MesascopeError, ValueError):
    """The file that `--json` names can never be written."""


@dataclass
class _Asked:
    """Where `--json` sends the record of the command that runs."""

    path: Path | None
    kept: bool = False


_asked: ContextVar[_Asked] = ContextVar("asked")


Commands = Mapping[str, tuple[Callable[..., None], str]]
"""Name -> function, and an example of what one types after `mesascope`."""


def group(help: str, commands: Commands) -> typer.Typer:
    """A group of commands, and what they are for."""
    made = typer.Typer(help=help, no_args_is_help=True, rich_markup_mode=None, add_completion=False)
    add_commands(made, commands)
    return made


def add_commands(app: typer.Typer, commands: Commands) -> None:
    """Give an app these commands, each with its example and the options that all share."""
    for name, (function, example) in commands.items():
        app.command(name, epilog=f"Example: mesascope {example}")(_shared(function))


def keep(record: Mapping[str, Any]) -> None:
    """Write what a command found where `--json` asks for it, before anything is printed of it.

    Raises:
        UnwritableFile: the folder is read-only, or the disk is full.
    """
    asked = _asked.get()
    asked.kept = True
    if asked.path is None:
        return
    text = json_text.dumps(record, indent=1, allow_nan=False)
    if asked.path == STANDARD_OUTPUT:
        sys.stdout.write(f"{text}\n")
    else:
        write_whole(asked.path, text)


def _shared(function: Callable[..., None]) -> Callable[..., None]:
    """The command with the options that every command takes."""
    hints = {**get_type_hints(function, include_extras=True), **SHARED}
    own = inspect.signature(function).parameters.values()
    new = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value)
        for name, value in DEFAULTS.items()
    ]

    @wraps(function)
    def command(**given: Any) -> None:
        options = {name: given.pop(name) for name in SHARED}
        for name, value in given.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise typer.BadParameter(f"{name} {value} is no finite number")
        with _asking(**options) as asked:
            function(**given)
        assert asked.kept or asked.path is None, f"{function.__name__} keeps no record for --json"

    parameters = [one.replace(annotation=hints[one.name]) for one in (*own, *new)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = hints
    return command


@contextmanager
def _asking(json: Path | None, quiet: bool) -> Iterator[_Asked]:
    """Silence the screen where that was asked for, and say where the record goes.

    Raises:
        UnwritableRecord: there is a folder of that name, or none can be made to hold it.
    """
    if json is not None and json != STANDARD_OUTPUT:
        try:
            json.parent.mkdir(parents=True, exist_ok=True)
            blocked = json.is_dir()
        except (OSError, ValueError) as error:
            raise UnwritableRecord(f"--json {json} cannot be written: {error}") from error
        if blocked:
            raise UnwritableRecord(f"--json {json} is a folder; name a file in it")
    asked, before = _Asked(json), console.quiet
    token = _asked.set(asked)
    console.quiet = before or quiet or json == STANDARD_OUTPUT
    try:
        yield asked
    finally:
        console.quiet = before
        _asked.reset(token)
