"""Two starts in one home: at the same moment, or one after the clock was set back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evals.running.run import Finished, Progress, measured
from evals.suite.home import Home
from evals.suite.suite import Suite
from same_run import require_same

YEAR = 365 * 86_400.0


def test_a_clock_set_back_between_two_starts_changes_nothing(
    finished: Finished, home: Home, tiny: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    ahead = time.time() + YEAR
    for path in place.root.rglob("*"):
        os.utime(path, (ahead, ahead))
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - YEAR)
    before = {p: p.read_bytes() for p in place.root.rglob("*") if p.is_file()}

    def nothing(record: object) -> None:
        assert record is not None

    again = measured(tiny, place, workers=1, device="cpu", progress=Progress(nothing, nothing))
    assert again.evidence == finished.evidence
    assert {p: p.read_bytes() for p in place.root.rglob("*") if p.is_file()} == before
    require_same(tiny, place, home)


def started(home: Home) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "evals.command.cli", "run", "--suite", "tiny"]
    command += ["--home", str(home.root), "--workers", "1"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_of_two_processes_in_one_home_one_works_and_the_other_is_told_so(
    finished: Finished, home: Home, tiny: Suite, tmp_path: Path
) -> None:
    place = Home(tmp_path / "home")
    for _ in range(2):
        both = [started(place) for _ in range(2)]
        said = [one.communicate()[1] for one in both]
        codes = [one.returncode for one in both]
        assert 0 in codes, said
        for code, words in zip(codes, said, strict=True):
            assert code == 0 or (code == 2 and "another mesascope works in" in words), words
        require_same(tiny, place, home)
    last = started(place)
    last.communicate()
    assert last.returncode == 0
    require_same(tiny, place, home)
