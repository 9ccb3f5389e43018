"""The Ray engine, against a stand-in for Ray and, where it is installed, a real cluster."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evals.running.engines import EngineChoice
from evals.running.ray_engine import MAX_RETRIES, RayEngine, ray_engine, train_organism
from inline import PLAIN, PROXY, TWIN, Inline, grown, grown_weights
from organisms.growing.engine import Engine, EngineError
from organisms.growing.population import Wanted, grow
from organisms.zoo.zoo import Record, Zoo


class FakeRay(ModuleType):
    """Runs tasks at once and writes down what it was asked for."""

    def __init__(self, fails: Exception | None = None) -> None:
        super().__init__("ray")
        self.fails = fails
        self.connected: list[dict[str, Any]] = []
        self.options: dict[str, Any] = {}
        self.stored: list[bytes] = []
        self.is_down = False
        self.exceptions = ModuleType("ray.exceptions")
        self.exceptions.RayError = type("RayError", (Exception,), {})  # type: ignore[attr-defined]
        self.exceptions.RayTaskError = type(  # type: ignore[attr-defined]
            "RayTaskError", (self.exceptions.RayError,), {}
        )

    def init(self, **options: Any) -> None:
        self.connected.append(options)

    def shutdown(self) -> None:
        self.is_down = True

    def put(self, value: bytes) -> tuple[str, int]:
        self.stored.append(value)
        return ("stored", len(self.stored) - 1)

    def remote(self, **options: Any) -> Callable[[Any], Any]:
        self.options = options

        def remote(spec: Any, twin: Any, device: str) -> Any:
            answer: Future[Any] = Future()
            if self.fails:
                answer.set_exception(self.fails)
            else:
                stored = None if twin is None else self.stored[twin[1]]
                answer.set_result([grown(spec, stored)])
            task = ModuleType("task")
            task.future = lambda: answer  # type: ignore[attr-defined]
            return task

        def wrap(function: Any) -> Any:
            assert function is train_organism
            task = ModuleType("function")
            task.remote = remote  # type: ignore[attr-defined]
            return task

        return wrap


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    fake = FakeRay()
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setitem(sys.modules, "ray.exceptions", fake.exceptions)
    return fake


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    message = r"Ray is not installed.*pip install 'mesascope\[ray\]', or --engine local"
    with pytest.raises(EngineError, match=message), ray_engine(None, workers=2):
        pass


def test_an_own_cluster_has_the_workers_asked_for_and_reports_to_nobody(
    ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    with ray_engine(None, workers=3) as engine:
        assert isinstance(engine, Engine)
        assert not ray.is_down
    assert ray.is_down
    assert ray.connected[0]["address"] == "local"
    assert ray.connected[0]["num_cpus"] == 3
    assert ray.options == {"num_cpus": 1, "num_gpus": 0, "max_retries": MAX_RETRIES}
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    with pytest.raises(ValueError, match="at least one worker"), ray_engine(None, workers=0):
        pass


def test_a_gpu_is_asked_for_where_networks_live_on_one(ray: FakeRay) -> None:
    RayEngine(ray, device="cuda")
    assert ray.options["num_gpus"] == 1


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
        with (
            pytest.raises(EngineError, match=f"no Ray cluster answers at {closed}.*ray start"),
            ray_engine(closed, workers=1),
        ):
            pass
        monkeypatch.setenv("RAY_ADDRESS", closed)
        with pytest.raises(EngineError, match=closed), ray_engine(None, workers=1):
            pass
        assert time.monotonic() - started < 10
    for wrong in ("nonsense", "host:", ":6379"):
        with pytest.raises(EngineError, match="host:port"), ray_engine(wrong, workers=1):
            pass
    assert ray.connected == []


def test_a_port_that_is_no_cluster_is_named_too(
    ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**options: Any) -> None:
        raise ConnectionError("no GCS here")

    monkeypatch.setattr(ray, "init", refuse)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        message = rf"no Ray cluster at {address} \(no GCS here\)"
        with pytest.raises(EngineError, match=message), ray_engine(address, workers=1):
            pass


def test_a_running_cluster_keeps_its_own_size(ray: FakeRay) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with ray_engine(address, workers=7):
            pass
    assert ray.connected[0]["address"] == address
    assert not {"num_cpus", "object_store_memory"} & set(ray.connected[0])


def test_a_task_that_raises_shows_its_own_error_and_a_lost_one_says_so(
    ray: FakeRay, tmp_path: Path
) -> None:
    exceptions: Any = ray.exceptions
    raised = exceptions.RayTaskError("a traceback of many lines")
    raised.cause = FileNotFoundError("no such world")
    ray.fails = raised
    with pytest.raises(FileNotFoundError, match="no such world"), ray_engine(None, workers=1) as e:
        grow(Zoo(tmp_path), [Wanted(PLAIN, 1, 1)], engine=e)
    ray.fails = exceptions.RayError("the worker died")
    message = r"at local lost an attempt for good \(the worker died\).*resumes"
    with pytest.raises(EngineError, match=message), ray_engine(None, workers=1) as e:
        grow(Zoo(tmp_path), [Wanted(PLAIN, 1, 1)], engine=e)
    assert ray.is_down


def test_an_address_without_the_engine_is_refused() -> None:
    with pytest.raises(EngineError, match="add --engine ray"):
        EngineChoice("local", "10.0.0.1:6379")


def test_the_engine_is_chosen_by_name(ray: FakeRay) -> None:
    with EngineChoice("ray").opened(workers=2, device="cpu") as engine:
        assert isinstance(engine, RayEngine)


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
    return [
        pid
        for pid, title in titles.items()
        if title.exists() and title.read_text().startswith(f"ray::{train_organism.__name__}")
    ]


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
    assert [[r.spec for r in g.attempts] for g in there] == [
        [r.spec for r in g.attempts] for g in here
    ]
    for group in here:
        for record in group.attempts:
            kept = (Zoo(tmp_path / name).weights(record.spec) for name in ("ray", "inline"))
            assert len(set(kept)) == 1
    assert growing() == []
