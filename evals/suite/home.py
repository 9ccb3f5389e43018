"""Where organisms and runs are kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from evals.suite.suite import Suite
from organisms.zoo.zoo import Zoo
from probes.errors import MesascopeError


class HomeBusy(MesascopeError, RuntimeError):
    """Two processes would do the same work twice and write the same files."""


@dataclass(frozen=True)
class Home:
    """A folder of organisms (in `.mesascope/`) and runs (in `runs/`)."""

    root: Path

    @property
    def zoo(self) -> Zoo:
        """The organisms."""
        return Zoo(self.root / ".mesascope" / "organisms")

    def run(self, suite: Suite) -> Path:
        """Folder of a suite's run; another suite, or an edited one, has another folder."""
        return self.root / "runs" / f"{suite.name}-{suite.content_hash[:8]}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other builds and runs out; the lock goes with the process, however it ends.

        Raises:
            HomeBusy: another process builds or runs here.
        """
        with alone_in(self.root / ".mesascope"):
            yield


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes that ask for the same out of a folder, which is made if need be.

    Raises:
        HomeBusy: another process works there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise HomeBusy(
            f"another mesascope works in {folder.resolve()}; wait for it to end, or give this one "
            "another --home"
        ) from None
    try:
        yield
    finally:
        lock.release()
