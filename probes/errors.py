"""The base of every error that a user can act on."""

from __future__ import annotations


class MesascopeError(Exception):
    """Something that was given cannot be used; the message says what to do.

    Attributes:
        exit_code: what the command ends with: 2 for a mistake in what was given, 3 for ours.
    """

    exit_code = 2
