"""A disk that is full or read-only at any stage: one message, nothing lost, and it goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from calling import called
from evals.running.run import Finished
from evals.suite.home import Home
from evals.suite.suite import Suite
from same_run import require_same

pytestmark = pytest.mark.slow

FIRST_KIB, MORE_KIB = 128, 300


def remounted(disk: Path, *options: str) -> None:
    subprocess.run(["mount", "-o", ",".join(("remount", *options)), disk], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few files; its size can be changed."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={FIRST_KIB}k", "tmpfs", path]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk can be mounted here")
    yield path
    subprocess.run(["umount", path], check=True)


def kept(home: Home, run: Path) -> dict[Path, bytes]:
    """What is finished: files of organisms, and whole rows of scores."""
    found = {path: path.read_bytes() for path in home.zoo.root.glob("*/*")}
    tables = {path: path.read_bytes() for path in run.rglob("*.jsonl")}
    return found | {path: rows[: rows.rfind(b"\n") + 1] for path, rows in tables.items()}


def test_a_run_whose_disk_fills_up_again_and_again_comes_to_the_same(
    finished: Finished,
    home: Home,
    tiny: Suite,
    disk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    place, size, before = Home(disk), FIRST_KIB, dict[Path, bytes]()
    words = ("run", "--suite", "tiny", "--home", str(disk), "--workers", "1")
    stopped_at = set[str]()
    while (code := called(monkeypatch, *words)) != 0:
        said = capfd.readouterr().err
        assert code == 2, said
        assert "Traceback" not in said
        where, _, why = said.partition("cannot write ")[2].partition(": ")
        assert where.startswith(str(disk)), said
        assert why.startswith("No space left on device"), said
        assert not list(disk.rglob(".*.part"))
        now = kept(place, place.run(tiny))
        assert all(now[path].startswith(content) for path, content in before.items())
        stopped_at, before = {*stopped_at, where.rpartition("/")[2]}, now
        size += MORE_KIB
        remounted(disk, f"size={size}k")
    assert len(stopped_at) > 3, stopped_at
    require_same(tiny, place, home)
    remounted(disk, "ro")
    before = {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()}
    for command in (words, ("report", "--suite", "tiny", "--home", str(disk))):
        capfd.readouterr()
        assert called(monkeypatch, *command) == 2
        said = capfd.readouterr().err
        assert str(disk) in said
        assert "ead-only file system" in said
    assert {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()} == before
