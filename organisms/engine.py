"""Where attempts run: anything that takes a specification and later gives the finished attempt."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Protocol, runtime_checkable

from organisms.attempt import Attempted, attempt
from organisms.spec import OrganismSpec


class EngineError(RuntimeError):
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


class LocalEngine:
    """Attempts on the processes or threads of an executor of this machine.

    Args:
        executor: runs them; whoever made it also ends it.
        device: where networks live.
    """

    def __init__(self, executor: Executor, *, device: str = "cpu") -> None:
        self._executor = executor
        self._device = device

    def submit(self, spec: OrganismSpec, twin: bytes | None) -> Future[Attempted]:
        """Queue one attempt."""
        return self._executor.submit(attempt, spec, twin, self._device)
