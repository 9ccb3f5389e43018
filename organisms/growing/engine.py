"""Where attempts run: anything that takes specifications and later gives the finished attempts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Executor, Future

from organisms.growing.attempt import Attempted, attempt
from organisms.growing.batched.plan import populations
from organisms.zoo.spec import OrganismSpec
from probes.errors import MesascopeError


class EngineError(MesascopeError, RuntimeError):
    """Workers that cannot be had, or that must not be used; the message says what to do."""


class Engine(ABC):
    """Workers; specifications travel to them and finished attempts come back."""

    def split(self, specs: Sequence[OrganismSpec]) -> list[list[OrganismSpec]]:
        """The lists to submit: those of several are trained as one program each."""
        return [[spec] for spec in specs]

    @abstractmethod
    def submit(
        self, specs: Sequence[OrganismSpec], twins: Sequence[bytes | None]
    ) -> Future[list[Attempted]]:
        """Queue the attempts of a list that `split` gave; they come back together.

        Args:
            twins: serialised network of the twin of each; None for a twin itself.
        """


class LocalEngine(Engine):
    """Attempts on the processes or threads of an executor of this machine.

    Args:
        executor: runs them; whoever made it also ends it.
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

    def split(self, specs: Sequence[OrganismSpec]) -> list[list[OrganismSpec]]:
        """The lists to submit, where networks are trained together as `populations` says."""
        if not self._together:
            return super().split(specs)
        return populations(specs, device=self._device, workers=self._workers)

    def submit(
        self, specs: Sequence[OrganismSpec], twins: Sequence[bytes | None]
    ) -> Future[list[Attempted]]:
        """Queue the attempts of a list."""
        return self._executor.submit(attempt, list(specs), list(twins), self._device)
