"""The base of every error that a user can act on."""

from __future__ import annotations


class MesascopeError(Exception):
    """Something that was given cannot be used; the message says what to do.

    Attributes:
        exit_code: what the command ends with: 2 for a mistake in what was given, 3 for ours.
    """

    exit_code = 2


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
