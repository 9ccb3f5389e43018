"""Attempts on a Ray cluster: one of this machine's own, or one that is running elsewhere."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch

from organisms.growing.attempt import Attempted, attempt
from organisms.growing.engine import Engine, EngineError
from organisms.zoo.spec import OrganismSpec

MAX_RETRIES = 3
"""How often an attempt is begun again after its worker or machine was lost."""

OBJECT_STORE_BYTES = 128 * 2**20
"""Shared memory of an own cluster; it holds one network per twin and the finished attempts."""

CONNECT_SECONDS = 5.0


class RayEngine(Engine):
    """Attempts as Ray tasks; a twin's weights are stored in the cluster once.

    Args:
        ray: the module, connected to a cluster.
        device: where networks live; `cuda` takes one GPU per attempt.
    """

    def __init__(self, ray: ModuleType, *, device: str = "cpu") -> None:
        self._ray = ray
        self._device = device
        gpus = 1 if device == "cuda" else 0
        options: Any = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=MAX_RETRIES)
        self._task = options(train_organism)
        self._stored: dict[bytes | None, Any] = {None: None}

    def submit(
        self, specs: Sequence[OrganismSpec], twins: Sequence[bytes | None]
    ) -> Future[list[Attempted]]:
        """Queue one attempt, in a list of one."""
        (spec,), (twin,) = specs, twins
        if twin not in self._stored:
            self._stored[twin] = self._ray.put(twin)
        answer: Future[list[Attempted]] = self._task.remote(
            spec, self._stored[twin], self._device
        ).future()
        return answer


def train_organism(spec: OrganismSpec, twin: bytes | None, device: str) -> list[Attempted]:
    """One attempt on one thread, as in a local process; Ray shows workers under this name."""
    torch.set_num_threads(1)
    return attempt([spec], [twin], device)


@contextmanager
def ray_engine(address: str | None, *, workers: int, device: str = "cpu") -> Iterator[RayEngine]:
    """A connected engine; leaving the block, in whatever way, ends its tasks and its own cluster.

    Args:
        address: `host:port` of a running cluster. None takes RAY_ADDRESS, and where that is not
            set a cluster of this machine that lasts as long as the block.
        workers: processors of an own cluster; a running one has its own count.
        device: where networks live.

    Raises:
        EngineError: Ray is not installed, does not answer at the address, or lost a task for good.
        ValueError: `workers` is below 1.
    """
    if workers < 1:
        raise ValueError(f"need at least one worker, got {workers}")
    ray = _installed()
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    _connect(ray, address, workers)
    try:
        yield RayEngine(ray, device=device)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.RayError as error:
        raise EngineError(
            f"the Ray cluster at {address} lost an attempt for good ({error}); finished organisms "
            "are kept, the same command resumes"
        ) from error
    finally:
        ray.shutdown()


def _installed() -> ModuleType:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise EngineError(
            f"Ray is not installed ({error}): pip install 'mesascope[ray]', or --engine local"
        ) from error
    module: ModuleType = ray
    return module


def _connect(ray: ModuleType, address: str, workers: int) -> None:
    own = address == "local"
    if not own:
        _require_answer(address)
    size = {"num_cpus": workers, "object_store_memory": OBJECT_STORE_BYTES} if own else {}
    try:
        ray.init(
            address=address,
            include_dashboard=False if own else None,
            log_to_driver=False,
            logging_level="ERROR",
            **size,
        )
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise EngineError(
            f"no Ray cluster at {address} ({error}); start one with `ray start --head`, check "
            "--ray-address and RAY_ADDRESS, or leave both out for a cluster of this machine"
        ) from error


def _require_answer(address: str) -> None:
    """Ask the port first: Ray itself takes minutes to give up on a machine that is not there."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise EngineError(f"a Ray address is host:port, as in 10.0.0.5:6379, got {address!r}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        raise EngineError(
            f"no Ray cluster answers at {address} ({error}); start one with `ray start --head`, "
            "check --ray-address and RAY_ADDRESS, or leave both out for a cluster of this machine"
        ) from error
