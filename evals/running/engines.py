"""The engine that a build was asked to run on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from evals.running.ray_engine import ray_engine
from evals.scoring.workers import local_workers
from organisms.growing.engine import Engine, EngineError, LocalEngine
from probes.arguments import require_fields


@dataclass(frozen=True)
class EngineChoice:
    """Local processes or a Ray cluster.

    Attributes:
        name: which of them.
        ray_address: `host:port` of a running cluster; None takes RAY_ADDRESS, or else starts one
            on this machine.
        together: whether organisms of one shape are trained as one program where that is cheaper;
            None says yes on a GPU, and no on a processor, where the same specification must give
            the same weights to the bit.
    """

    name: Literal["local", "ray"] = "local"
    ray_address: str | None = None
    together: bool | None = None

    def __post_init__(self) -> None:
        require_fields(self, error=EngineError)
        if self.ray_address and self.name != "ray":
            raise EngineError(
                f"a Ray address ({self.ray_address}) was given for local processes; "
                "add --engine ray"
            )
        if self.together and self.name == "ray":
            raise EngineError(
                "organisms are trained together by local processes only; leave --together out, or "
                "use --engine local"
            )

    @contextmanager
    def opened(self, *, workers: int, device: str) -> Iterator[Engine]:
        """Workers for a build; what is running when the block ends by an error is abandoned.

        Args:
            workers: processes; a running Ray cluster has its own count.
            device: where networks live.

        Raises:
            EngineError: the engine cannot be had.
        """
        if self.name == "ray":
            with ray_engine(self.ray_address, workers=workers, device=device) as engine:
                yield engine
        else:
            with local_workers(workers) as executor:
                together = device.startswith("cuda") if self.together is None else self.together
                yield LocalEngine(executor, device=device, workers=workers, together=together)


LOCAL = EngineChoice()
