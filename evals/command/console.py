"""Where the command prints, and writes what a study found."""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from probes.errors import printable
from probes.writing import write_whole

CLOSED_PIPE = 141
"""Exit code where nobody reads what is printed, as of a program that the signal SIGPIPE ends."""

WIDTH = 100
"""Columns of what is printed where neither a terminal nor `COLUMNS` says how many."""

PLAIN_SIGNS = {"†": "#", "…": "."}
"""Signs that we print, and what stands for them where the terminal has no such sign."""


class LiteralConsole(Console):
    """A console that takes no text for markup, and shows codes instead of sending them."""

    def __init__(
        self, *, stderr: bool = False, file: io.StringIO | None = None, width: int | None = None
    ) -> None:
        stream = file or (sys.stderr if stderr else sys.stdout)
        told = width is not None or os.environ.get("COLUMNS", "").isdigit()
        if not told and not (stream is not None and stream.isatty()):
            width = WIDTH
        super().__init__(stderr=stderr, file=file, width=width, markup=False, emoji=False)

    def print(self, *objects: Any, crop: bool = False, **how: Any) -> None:
        """As `Console.print`; what is too long goes on instead of being cut."""
        super().print(*objects, crop=crop, **how)

    def render_str(self, text: str, **how: Any) -> Text:
        """As `Console.render_str`; every text that is printed passes here."""
        return super().render_str(printable(text), **how)

    def on_broken_pipe(self) -> None:
        """End, by a code that no command uses for a verdict."""
        self.quiet = True
        silence()
        raise SystemExit(CLOSED_PIPE)


console = LiteralConsole()
errors = LiteralConsole(stderr=True)


def write_record(record: Any, path: Path) -> Path:
    """Write a record as JSON, before anything is printed of it."""
    write_whole(path, json.dumps(record, indent=1, allow_nan=False))
    return path


def prepare_streams() -> None:
    """Let no sign end the command that a terminal or a pipe cannot encode, and no closed stream."""
    codecs.register_error("mesascope.plain", _plain)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  open to the end
            setattr(sys, name, nowhere)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="mesascope.plain")


def silence() -> None:
    """Send what is still printed nowhere, so that the last flush at exit cannot fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _plain(error: UnicodeError) -> tuple[str, int]:
    """What stands for signs that an encoding lacks; see `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    escaped = (sign.encode("ascii", "backslashreplace").decode() for sign in signs)
    plain = (PLAIN_SIGNS.get(sign, other) for sign, other in zip(signs, escaped, strict=True))
    return "".join(plain), error.end
