"""The base of every error that a user can act on."""

from __future__ import annotations

LONGEST = 1500
"""Characters of a message; of a longer one the beginning and the end are shown."""


class MesascopeError(Exception):
    """Something that was given cannot be used; the message says what to do.

    Attributes:
        exit_code: what the command ends with: 2 for a mistake in what was given, 3 for ours.
    """

    exit_code = 2

    def __str__(self) -> str:
        """The message, fit to be shown whatever it quotes: see `on_one_line`."""
        return on_one_line(super().__str__())


class MesascopeWarning(UserWarning):
    """Something that a user should know of, and that stops nothing."""


def on_one_line(text: str) -> str:
    """Text on one line, of bounded length, whose signs can all be printed.

    A message quotes names and values from files that somebody else wrote: they may hold line
    breaks, codes that steer a terminal, or a million characters.
    """
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """Text whose signs can all be shown: codes that steer a terminal become their escapes.

    Names and texts from files, from users and from strangers' code may hold anything. Line breaks
    and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else repr(sign)[1:-1] for sign in text
    )
