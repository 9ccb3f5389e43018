"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO
from uuid import uuid4

from probes.errors import MesascopeError

PART = ".part"
"""How the hidden name of a file or folder ends that is not whole yet."""


class UnwritableFile(MesascopeError, OSError):
    """A file that cannot be written; the message names it, and what it replaces is untouched."""


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that its name never stands for half of it, even after a crash.

    Text is written as UTF-8. Who may read the file is what the umask says.

    Raises:
        UnwritableFile: as `whole_file` does.
    """
    with whole_file(path) as file:
        file.write(_encoded(content))


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to fill; it takes its name, and replaces what had it, when the block has ended well.

    A link, a device or a pipe is never replaced: what it leads to is written in place.

    Raises:
        UnwritableFile: the folder is missing or read-only, or the disk is full; nothing is left
            behind.
    """
    part = None
    with _named(path):
        try:
            if path.is_symlink() or (path.exists() and not path.is_file()):
                with path.open("wb") as file:
                    yield file
                return
            part = _part_of(path)
            with part.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            if part is not None:
                _remove(part)


def write_folder(
    path: Path, files: Iterable[tuple[str, str | bytes]], *, modified: int | None = None
) -> None:
    """Write a folder that appears with all its files or not at all; one that is there stays.

    Nothing waits for the disk, as there may be many files: a kill or a full disk leaves no half
    folder, but a power cut may.

    Args:
        path: its parents are made.
        files: name and content of every file, each written before the next is asked for.
        modified: time of last modification of every file, in seconds since 1970; now if None.

    Raises:
        UnwritableFile: a parent is missing or read-only, or the disk is full; nothing is left
            behind.
    """
    part = _part_of(path)
    try:
        with _named(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            part.mkdir()
        for name, content in files:
            with _named(path / name):
                (part / name).write_bytes(_encoded(content))
                if modified is not None:
                    os.utime(part / name, (modified, modified))
        with _named(path):
            try:
                part.replace(path)
            except OSError:
                if not path.is_dir():
                    raise
    finally:
        _remove(part)


@contextlib.contextmanager
def line_writer(path: Path) -> Iterator[Callable[[str], None]]:
    """A function that adds a line to a file, which lies there when the function returns.

    A kill or a full disk may leave a last line without its end: readers must pass over it.

    Raises:
        UnwritableFile: the folder cannot be made, the file cannot be opened, or the disk is full.
    """
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab", buffering=0)

    def add(line: str) -> None:
        rest = _encoded(f"{line}\n")
        with _named(path):
            while rest:
                rest = rest[file.write(rest) :]

    with file:
        yield add


def clear_parts(folder: Path) -> None:
    """Remove what killed processes left half-written, here and below; nobody may be writing."""
    for leftover in list(folder.rglob(f".*{PART}")):
        _remove(leftover)


def _part_of(path: Path) -> Path:
    """Where a file or folder lies until it is whole; the name is no longer than any may be."""
    return path.with_name(f".{uuid4().hex}{PART}")


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of which file it is that the system refuses something."""
    try:
        yield
    except UnwritableFile:
        raise
    except OSError as error:
        refused = None if error.filename is None else Path(os.fsdecode(error.filename))
        if refused is not None and refused.suffix != PART and refused not in (path, *path.parents):
            raise  # it is of something that was read meanwhile
        raise UnwritableFile(
            f"cannot write {path}: {error.strerror or error}; what was finished is kept. Free the "
            "disk or choose a folder that can be written, and give the same command again"
        ) from error


def _encoded(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
