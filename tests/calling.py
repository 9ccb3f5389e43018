"""The command, called as a user calls it or inside this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evals.command.cli import main

ROOT = Path(__file__).parent.parent


def mesascope(*words: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "evals.command.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "160", "PYTHONPATH": str(ROOT)},
    )


def called(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Exit code of the command run in this process, which spares loading torch again."""
    monkeypatch.setattr(sys, "argv", ["mesascope", *words])
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        signal.signal(signal.SIGINT, before)
    assert isinstance(ended.value.code, int)
    return ended.value.code
