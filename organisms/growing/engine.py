"""Where attempts run: anything that takes a specification and later gives the finished attempt."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from typing import Protocol, runtime_checkable

from organisms.growing.attempt import Attempted, attempt, attempt_together
from organisms.growing.batched import populations
from organisms.zoo.spec import OrganismSpec
from probes.errors import MesascopeError


class EngineError(MesascopeError, RuntimeError):
    """Workers that cannot be had, or that must not be used; the message says what to do."""


@runtime_checkable
class Engine(Protocol):
    """Workers; specifications travel to them and finished attempts come back."""

    def submit(self, spec: OrganismSpec, twin: bytes | None) -> Future[Attempted]:
        """Queue one attempt.

        Args:
            spec: what to train.
            twin: serialised network of its twin; None for the twin itself.
        """
        ...


@runtime_checkable
class PopulationEngine(Engine, Protocol):
    """Workers that may also train many networks as one program."""

    def split(self, specs: Sequence[OrganismSpec]) -> list[list[OrganismSpec]]:
        """The lists to train as one program each; lists of one are for `submit`."""
        ...

    def submit_together(
        self, specs: Sequence[OrganismSpec], twins: Sequence[bytes | None]
    ) -> Future[list[Attempted]]:
        """Queue the attempts of a list that `split` gave.

        Args:
            specs: what to train as one program.
            twins: serialised network of the twin of each; None for a twin itself.
        """
        ...


class LocalEngine:
    """Attempts on the processes or threads of an executor of this machine.

    Args:
        executor: runs them; whoever made it also ends it.
        device: where networks live.
        workers: processes or threads of the executor.
        together: whether networks are trained as one program where that is cheaper; their weights
            are then those of training alone within rounding, and not to the bit.
    """

    def __init__(
        self, executor: Executor, *, device: str = "cpu", workers: int = 1, together: bool = False
    ) -> None:
        self._executor = executor
        self._device = device
        self._workers = workers
        self._together = together

    def submit(self, spec: OrganismSpec, twin: bytes | None) -> Future[Attempted]:
        """Queue one attempt."""
        return self._executor.submit(attempt, spec, twin, self._device)

    def split(self, specs: Sequence[OrganismSpec]) -> list[list[OrganismSpec]]:
        """The lists to train as one program each."""
        if not self._together:
            return [[spec] for spec in specs]
        return populations(specs, device=self._device, workers=self._workers)

    def submit_together(
        self, specs: Sequence[OrganismSpec], twins: Sequence[bytes | None]
    ) -> Future[list[Attempted]]:
        """Queue the attempts of one program; they come back together."""
        return self._executor.submit(attempt_together, list(specs), list(twins), self._device)
