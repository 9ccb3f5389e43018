"""A run is killed twenty times, whatever it is doing, and comes to what it would have come to."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evals.running.run import Finished
from evals.suite.home import Home
from evals.suite.suite import Suite
from same_run import require_same

pytestmark = pytest.mark.slow

SEED = 20
MOMENTS = (
    *[("train", 2.0)] * 6,
    *[("blind", 0.1)] * 2,
    *[("score", 0.5)] * 4,
    *[("variants", 0.5)] * 2,
    *[("freeze", 0.05)] * 2,
    *[("judge", 0.5)] * 2,
    *[("page", 0.5)] * 2,
)
"""What the run must be doing, and the seconds within which it is then killed."""
SCORES, OTHERS = 108, 108
"""Rows of the suite's suspects, and of their variants."""

Stat = tuple[int, int]


def stat(path: Path) -> Stat | None:
    """Another file, or one written anew, has another one."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def lines(path: Path) -> list[str]:
    """Those that have their end."""
    return path.read_text().split("\n")[:-1] if path.is_file() else []


def organisms(home: Home) -> dict[str, Stat | None]:
    """Every finished attempt, and when it was written."""
    return {path.parent.name: stat(path) for path in home.zoo.root.glob("*/record.json")}


def begun(moment: str, home: Home, run: Path, draw: random.Random) -> Callable[[], bool]:
    """A question to be asked again and again: whether a run just started has come so far."""
    tables = [run / "scores.jsonl"]
    others = [run / "variants" / f"{name}.jsonl" for name in ("untrained", "disguised")]
    names = ("lineup", "scores.sha256", "evidence.json")
    written = {name: stat(run / name) for name in names}
    grown, parts = len(organisms(home)), set(run.glob(".*.part"))
    wanted = {1: count(tables) + draw.randint(1, 9), 2: count(others) + draw.randint(1, 9)}

    def changed(name: str) -> bool:
        return stat(run / name) != written[name]

    def unfinished() -> bool:
        return bool(set(run.glob(".*.part")) - parts)

    return {
        "train": lambda: len(organisms(home)) > grown,
        "blind": lambda: unfinished() or changed("lineup") or (run / "vault").is_dir(),
        "score": lambda: count(tables) >= min(wanted[1], SCORES),
        "variants": lambda: count(others) >= min(wanted[2], OTHERS),
        "freeze": lambda: unfinished() or changed("scores.sha256"),
        "judge": lambda: changed("scores.sha256"),
        "page": lambda: changed("evidence.json"),
    }[moment]


def count(tables: list[Path]) -> int:
    """Whole lines of some files together."""
    return sum(len(lines(table)) for table in tables)


def test_twenty_kills_lose_only_the_organisms_in_training_and_change_nothing(
    finished: Finished, home: Home, tiny: Suite, tmp_path: Path
) -> None:
    draw, killed = random.Random(SEED), Home(tmp_path / "killed")
    run, known, rows = killed.run(tiny), dict[str, Stat | None](), list[str]()
    command = [sys.executable, "-m", "evals.command.cli", "run", "--suite", "tiny"]
    command += ["--home", str(killed.root), "--workers", "2"]
    for moment, within in MOMENTS:
        reached = begun(moment, killed, run, draw)
        started = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            while not reached():
                said = started.stderr.read() if started.poll() is not None else b""
                assert started.poll() is None, f"ended before {moment}: {said.decode()}"
                time.sleep(0.002)
            time.sleep(draw.uniform(0, within))
        finally:
            os.killpg(started.pid, signal.SIGKILL)
            started.communicate()
        earlier, known = known, organisms(killed)
        assert earlier.items() <= known.items(), "a finished organism was trained again"
        before, rows = rows, lines(run / "scores.jsonl")
        assert rows[: len(before)] == before, "a finished score was lost"
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert known.items() <= organisms(killed).items()
    assert len(lines(run / "scores.jsonl")) == SCORES == tiny.size * len(tiny.detectors)
    assert (run / "report.html").is_file()
    require_same(tiny, killed, home)
