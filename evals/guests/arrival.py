"""Workers that have looked at a detector before anything slow happens, apart from vault and zoo."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from evals.guests.reference import SESSION
from evals.scoring.workers import local_workers
from probes.errors import MesascopeError

if TYPE_CHECKING:
    from detect.declaration import Declaration


@dataclass(frozen=True)
class Guest:
    """A detector from elsewhere, ready to score.

    Attributes:
        declaration: what it declares; its reference is to the copy.
        executor: workers that import it.
        folder: of the copies: the detector's files in `detector`, the lineup to be in `lineup`.
        original: folder that its file was copied from; empty where there is no copy.
    """

    declaration: Declaration
    executor: Executor
    folder: Path
    original: str


@contextmanager
def invited(reference: str, *, workers: int) -> Iterator[Guest]:
    """Start workers and let one of them import a detector; this process loads nothing for it.

    Where the reference is a file, workers get copies of it and of the Python files beside it. This
    guards against accidents: a detector that searches the disk will find the vault. A class that
    was typed into a session is scored in this process, as no other one can have it.

    Raises:
        DetectorError: it does not import, or does not keep the contract.
    """
    place, colon, name = reference.rpartition(":")
    with TemporaryDirectory() as scratch:
        folder, original = Path(scratch), ""
        (folder / "lineup").mkdir()
        carried = reference
        if colon and place.endswith(".py"):
            original = str(Path(place).parent)
            shutil.copytree(
                Path(place).resolve().parent, folder / "detector", ignore=_all_but_python
            )
            carried = f"{folder / 'detector' / Path(place).name}:{name}"
        here = place == SESSION
        pool = ThreadPoolExecutor(1) if here else local_workers(workers, cwd=folder / "lineup")
        with pool as executor, their_own_paths(folder, original):
            looking = executor.submit(look, carried)
            for _ in range(0 if here else workers - 1):
                executor.submit(warm_up)
            yield Guest(looking.result(), executor, folder, original)


@contextmanager
def their_own_paths(folder: Path, original: str) -> Iterator[None]:
    """Errors name the user's file where they name our copy of it."""
    try:
        yield
    except MesascopeError as error:
        copy, message = str(folder / "detector"), str(error)
        if copy not in message:
            raise
        raise type(error)(message.replace(copy, original or ".")) from None


def look(reference: str) -> Declaration:
    """Import a detector, by itself at first: what is wrong with it is known before much else is."""
    if ":" in reference:
        from detect.contract.elsewhere import load_elsewhere

        load_elsewhere(reference)
    from detect.declaration import declare

    return declare(reference)


def warm_up() -> None:
    """Import what a worker needs to score."""
    import evals.scoring.score_table  # noqa: F401


def _all_but_python(folder: str, names: list[str]) -> set[str]:
    """What of a folder is not copied: everything but the Python files that lie right in it."""
    return {name for name in names if not (Path(folder) / name).is_file() or name[-3:] != ".py"}
