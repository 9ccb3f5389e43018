"""Local worker processes: one thread each, gone when their parent is gone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any


def _start(cwd: Path | None) -> None:
    """Cap threads, leave Ctrl-C to the parent, and die with it even if it was killed."""
    import torch  # here, so that a parent can start workers before it has loaded torch itself

    sys.argv = sys.argv[:1]
    if cwd is not None:
        _forget_origin(cwd)
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        guardian = multiprocessing.parent_process()
        if guardian is not None:
            guardian.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _forget_origin(cwd: Path) -> None:
    """Work in another folder and hold no path of the one the command was started in.

    A file of a detector that was carried along lies in `detector/` beside the folder.
    """
    os.chdir(cwd)
    for name in ("PWD", "OLDPWD"):
        os.environ.pop(name, None)
    multiprocessing.process.ORIGINAL_DIR = str(cwd)  # type: ignore[attr-defined]
    sys.path.insert(0, str(cwd.parent / "detector"))


class _Pool(ProcessPoolExecutor):
    """Starts processes on demand, each whole: Ctrl-C waits until a new process has its orders."""

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        with _interrupt_held(), _main_hidden():
            return super().submit(*args, **kwargs)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Start no process by running the program's main file again: a user's script calls us there.

    Workers import what they are sent from modules, which the main file is not.
    """
    main = vars(sys.modules["__main__"])
    kept: dict[str, Any] = {name: main[name] for name in ("__file__", "__spec__") if name in main}
    main.pop("__file__", None)
    main["__spec__"] = None
    try:
        yield
    finally:
        main.update(kept)


@contextmanager
def _interrupt_held() -> Iterator[None]:
    """Answer a Ctrl-C after the block; a process that is started inside never sees one.

    A process inherits the blocked signal. The parent needs its own handler too, because another of
    its threads may receive the signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = signal.signal(signal.SIGINT, remember)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def local_workers(count: int, *, cwd: Path | None = None) -> Iterator[ProcessPoolExecutor]:
    """A pool of fresh processes; what is running is abandoned when the block is left by an error.

    Raises:
        ValueError: `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"need at least one worker, got {count}")
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    pool = _Pool(
        count,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(cwd,),
    )
    try:
        yield pool
        pool.shutdown()
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        # Waiting takes no longer than they take to die. Without it the interpreter's exit may wake
        # the pool's thread through a pipe that this thread is closing (OSError, bad descriptor).
        pool.shutdown(cancel_futures=True)
        raise


def default_workers() -> int:
    """One per processor this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
