"""A build that is killed without warning loses only the organisms then in training."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evals.running.grow import build
from evals.suite.home import Home
from evals.suite.suite_file import load_suite
from inline import Inline, quick_suite
from organisms.growing.population import Wanted, grow
from organisms.zoo.weights import DamagedWeights, load_net
from organisms.zoo.zoo import ZooError


def weights(home: Home) -> dict[str, bytes]:
    return {p.parent.name: p.read_bytes() for p in home.zoo.root.rglob("weights.safetensors")}


def running(pid: str) -> bool:
    """Whether a process exists and is not merely waiting to be reaped."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_kill_nine_loses_nothing_finished_and_resuming_gives_the_same_weights(
    tmp_path: Path,
) -> None:
    quick = str(quick_suite(tmp_path))
    suite = load_suite(quick)
    whole = Home(tmp_path / "whole")
    grow(whole.zoo, suite.wanted(), engine=Inline())
    killed = Home(tmp_path / "killed")
    command = [sys.executable, "-m", "evals.command.cli", "zoo", "grow", "--suite", quick]
    started = subprocess.Popen([*command, "--home", str(killed.root), "--workers", "2"])
    while len(weights(killed)) < 3:
        assert started.poll() is None, "the build ended before it could be killed"
        time.sleep(0.02)
    listing = Path(f"/proc/{started.pid}/task/{started.pid}/children")
    workers = listing.read_text().split() if listing.exists() else []
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    kept = weights(killed)
    assert 3 <= len(kept) < len(weights(whole))
    deadline = time.monotonic() + 10
    while any(running(worker) for worker in workers):
        assert time.monotonic() < deadline, "workers must not outlive their parent"
        time.sleep(0.02)
    build(suite, killed, workers=1, device="cpu", on_attempt=lambda record: None)
    assert weights(killed) == weights(whole)
    assert not list(killed.zoo.root.rglob(".*.part"))


def test_damaged_organisms_are_named_and_never_used(tmp_path: Path) -> None:
    suite = load_suite(str(quick_suite(tmp_path)))
    home = Home(tmp_path)
    spec = suite.twins["maze"]
    another = suite.wanted()[6]
    grow(home.zoo, [Wanted(spec, 1, 1), another], engine=Inline())
    folder = home.zoo.folder(spec)
    path, sealed, record = (
        folder / name for name in ("weights.safetensors", "truth.sealed", "record.json")
    )
    whole, truth, told = path.read_bytes(), sealed.read_bytes(), record.read_text()
    for torn in (whole[: len(whole) // 2], b""):
        path.write_bytes(torn)
        with pytest.raises(DamagedWeights, match="not a complete safetensors"):
            home.zoo.net(spec)
    path.unlink()
    with pytest.raises(DamagedWeights, match="no weights at"):
        home.zoo.net(spec)
    with pytest.raises(DamagedWeights, match="pickled checkpoints"):
        load_net(tmp_path / "model.pt", spec.shape)
    with pytest.raises(ZooError, match="weights are missing"):
        home.zoo.load(spec)
    path.write_bytes(whole)
    sealed.write_bytes((home.zoo.folder(another.spec) / "truth.sealed").read_bytes())
    with pytest.raises(ZooError, match="sealed truth is not the one"):
        home.zoo.load(spec)
    sealed.write_bytes(truth)
    for edited, word in (
        (told.replace('"admitted": true', '"admitted": false'), "edited"),
        ("{", "delete that folder"),
    ):
        record.write_text(edited)
        with pytest.raises(ZooError, match=word):
            home.zoo.load(spec)
