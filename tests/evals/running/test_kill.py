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


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    return quick_suite(tmp_path)


def weights(home: Home) -> dict[str, bytes]:
    return {p.parent.name: p.read_bytes() for p in home.zoo.root.rglob("weights.safetensors")}


def running(pid: int) -> bool:
    """Whether a process exists and is not merely waiting to be reaped."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def children(pid: int) -> list[int]:
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listing.read_text().split()] if listing.exists() else []


def test_kill_nine_loses_nothing_finished_and_resuming_gives_the_same_weights(
    quick: Path, tmp_path: Path
) -> None:
    suite = load_suite(str(quick))
    whole = Home(tmp_path / "whole")
    grow(whole.zoo, suite.wanted(), engine=Inline())
    killed = Home(tmp_path / "killed")
    command = [sys.executable, "-m", "evals.command.cli", "build", "--suite", str(quick)]
    started = subprocess.Popen([*command, "--home", str(killed.root), "--workers", "2"])
    while len(weights(killed)) < 3:
        assert started.poll() is None, "the build ended before it could be killed"
        time.sleep(0.02)
    workers = children(started.pid)
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    kept = weights(killed)
    assert 3 <= len(kept) < len(weights(whole))
    for _ in range(500):
        if not any(running(worker) for worker in workers):
            break
        time.sleep(0.02)
    alive = [worker for worker in workers if running(worker)]
    assert not alive, "workers must not outlive their parent"
    build(suite, killed, workers=1, device="cpu", on_attempt=lambda record: None)
    assert weights(killed) == weights(whole)
    assert not list(killed.zoo.root.glob(".writing-*"))


def test_damaged_organisms_are_named_and_never_used(quick: Path, tmp_path: Path) -> None:
    suite = load_suite(str(quick))
    home = Home(tmp_path)
    spec = suite.twins["maze"]
    another = suite.wanted()[6]
    grow(home.zoo, [Wanted(spec, 1, 1), another], engine=Inline())
    path = home.zoo.folder(spec) / "weights.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedWeights, match=r"not a complete safetensors file.*run again"):
        home.zoo.net(spec)
    path.write_bytes(b"")
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
    sealed = home.zoo.folder(spec) / "truth.sealed"
    other = home.zoo.folder(another.spec) / "truth.sealed"
    own = sealed.read_bytes()
    sealed.write_bytes(other.read_bytes())
    with pytest.raises(ZooError, match="sealed truth is not the one"):
        home.zoo.load(spec)
    sealed.write_bytes(own)
    record = home.zoo.folder(spec) / "record.json"
    record.write_text(record.read_text().replace('"admitted": true', '"admitted": false'))
    with pytest.raises(ZooError, match="the file was edited"):
        home.zoo.load(spec)
    record.write_text("{")
    with pytest.raises(ZooError, match="delete that folder and build again"):
        home.zoo.load(spec)
