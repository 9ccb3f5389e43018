"""The command, called inside this process as a user types it, which spares loading torch again."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evals.command.cli import main
from evals.guests.guest import GuestScore

ROOT = Path(__file__).parent.parent

GuestOf = Callable[[str], GuestScore]
"""A reference to a detector -> its scores. See the fixture `guest_of`."""

Typed = Callable[..., str]
"""Words, and `code` if not 0 -> all that is printed, on one line. See the fixture `typed`."""


def called(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Exit code of the command."""
    monkeypatch.setattr(sys, "argv", ["mesascope", *words])
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        signal.signal(signal.SIGINT, before)
    assert isinstance(ended.value.code, int)
    return ended.value.code
