"""The Ray engine, against a stand-in for Ray and, where it is installed, a real cluster."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from evals.running.engines import EngineChoice
from evals.running.ray_engine import MAX_RETRIES, RayEngine, ray_engine, train_organism
from inline import PLAIN, PROXY, TWIN, Inline, finished, grown, grown_weights
from organisms.growing.engine import EngineError
from organisms.growing.population import Wanted, grow
from organisms.zoo.zoo import Record, Zoo


class FakeRay(ModuleType):
    """Runs tasks at once and writes down what it was asked for."""

    def __init__(self) -> None:
        super().__init__("ray")
        self.fails: Exception | None = None
        self.connected: list[dict[str, Any]] = []
        self.options: dict[str, Any] = {}
        self.stored: list[bytes] = []
        self.is_down = False
        failed = type("RayError", (Exception,), {})
        raised = type("RayTaskError", (failed,), {})
        self.exceptions: Any = SimpleNamespace(RayError=failed, RayTaskError=raised)

    def init(self, **options: Any) -> None:
        self.connected.append(options)
        if isinstance(self.fails, ConnectionError):
            raise self.fails

    def shutdown(self) -> None:
        self.is_down = True

    def put(self, value: bytes) -> int:
        self.stored.append(value)
        return len(self.stored) - 1

    def remote(self, **options: Any) -> Callable[[Any], Any]:
        self.options = options

        def remote(spec: Any, twin: int | None, device: str) -> Any:
            stored = None if twin is None else self.stored[twin]
            answer = finished(self.fails or [grown(spec, stored)])
            return SimpleNamespace(future=lambda: answer)

        def wrap(function: Any) -> Any:
            assert function is train_organism
            return SimpleNamespace(remote=remote)

        return wrap


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    fake = FakeRay()
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setitem(sys.modules, "ray.exceptions", fake.exceptions)
    return fake


def refused(address: str | None, word: str) -> None:
    with pytest.raises(EngineError, match=word), ray_engine(address, workers=1):
        pass


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    refused(None, r"pip install 'mesascope\[ray\]'")


def test_an_own_cluster_has_the_workers_asked_for_and_reports_to_nobody(
    ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    with EngineChoice("ray").opened(workers=3, device="cpu") as engine:
        assert isinstance(engine, RayEngine)
        assert not ray.is_down
    assert ray.is_down
    assert ray.connected[0]["address"] == "local"
    assert ray.connected[0]["num_cpus"] == 3
    assert ray.options == {"num_cpus": 1, "num_gpus": 0, "max_retries": MAX_RETRIES}
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    RayEngine(ray, device="cuda")
    assert ray.options["num_gpus"] == 1
    with pytest.raises(ValueError, match="at least one worker"), ray_engine(None, workers=0):
        pass


def test_a_twin_is_stored_once_and_the_zoo_is_that_of_any_engine(
    ray: FakeRay, tmp_path: Path
) -> None:
    groups = [Wanted(PLAIN, 2, 2), Wanted(PROXY, 1, 1)]
    with ray_engine(None, workers=2) as engine:
        there = grow(Zoo(tmp_path / "ray"), groups, engine=engine)
    assert ray.stored == [grown_weights(TWIN)]
    assert there == grow(Zoo(tmp_path / "inline"), groups, engine=Inline())


def test_addresses_that_do_not_answer_are_named_at_once(
    ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{taken.getsockname()[1]}"
        started = time.monotonic()
        refused(closed, closed)
        monkeypatch.setenv("RAY_ADDRESS", closed)
        refused(None, closed)
        assert time.monotonic() - started < 10
    for wrong in ("nonsense", "host:", ":6379"):
        refused(wrong, "host:port")
    assert ray.connected == []
    with pytest.raises(EngineError, match="--engine ray"):
        EngineChoice("local", closed)


def test_a_running_cluster_keeps_its_own_size_and_a_port_that_is_none_is_named(
    ray: FakeRay,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = f"127.0.0.1:{server.getsockname()[1]}"
        with ray_engine(answering, workers=7):
            pass
        assert ray.connected[0]["address"] == answering
        assert not {"num_cpus", "object_store_memory"} & set(ray.connected[0])
        ray.fails = ConnectionError("no GCS here")
        refused(answering, rf"{answering} \(no GCS here\)")


def test_a_task_that_raises_shows_its_own_error_and_a_lost_one_says_so(
    ray: FakeRay, tmp_path: Path
) -> None:
    raised = ray.exceptions.RayTaskError("a traceback of many lines")
    raised.cause = FileNotFoundError("no such world")
    lost = ray.exceptions.RayError("the worker died")
    for failure, kind, word in (
        (raised, FileNotFoundError, "no such world"),
        (lost, EngineError, "the worker died"),
    ):
        ray.fails = failure
        with pytest.raises(kind, match=word), ray_engine(None, workers=1) as engine:
            grow(Zoo(tmp_path), [Wanted(PLAIN, 1, 1)], engine=engine)
    assert ray.is_down


def descendants(pid: int) -> list[int]:
    """Processes below one, its own excluded."""
    found: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in listing.read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def growing() -> list[int]:
    """Ray workers of this process that are in the middle of an attempt."""
    titles = {pid: Path(f"/proc/{pid}/cmdline") for pid in descendants(os.getpid())}
    own = f"ray::{train_organism.__name__}"
    return [pid for pid, t in titles.items() if t.exists() and t.read_text().startswith(own)]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the workers in /proc")
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning")
def test_a_worker_killed_in_the_middle_is_replaced_and_the_organisms_are_the_same(
    tmp_path: Path,
) -> None:
    pytest.importorskip("ray", reason="needs the extra `ray`")
    groups = [
        Wanted(replace(spec, training=replace(spec.training, steps=300)), 3, 3)
        for spec in (PLAIN, PROXY)
    ]
    killed: list[int] = []

    def kill_one(record: Record) -> None:
        if killed:
            return
        deadline = time.monotonic() + 60
        while not growing() and time.monotonic() < deadline:
            time.sleep(0.02)
        killed.extend(growing()[:1])
        os.kill(killed[0], signal.SIGKILL)

    with ray_engine("local", workers=2) as engine:
        there = grow(Zoo(tmp_path / "ray"), groups, engine=engine, on_attempt=kill_one)
    assert killed
    assert not Path(f"/proc/{killed[0]}").exists()
    here = grow(Zoo(tmp_path / "inline"), groups, engine=Inline())
    kept = [
        {r.spec: Zoo(tmp_path / name).weights(r.spec) for group in groups for r in group.attempts}
        for name, groups in (("ray", there), ("inline", here))
    ]
    assert kept[0] == kept[1]
    assert growing() == []
