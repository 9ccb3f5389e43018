"""Text files: read with one meaning or refused, and written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from probes.errors import MesascopeError

PART = ".part"
"""How the hidden name of a file or folder ends that is not whole yet."""

LARGEST = 2**64
"""Whole numbers of this size and more are in no file of ours; arithmetic on them overflows."""

_TOO_BIG = "a whole number is too large"

DEEPEST = 64
"""Lists and tables inside each other; writing or comparing what nests deeper could fail later."""

_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
_MANY_PARTS = re.compile(rf"(?:^|[\[{{,])[ \t]*(?:{_PART}){{{DEEPEST}}}", re.MULTILINE)
"""A key of so many parts, such as `a.a.a`, on which the parser would spend hours."""


class UnreadableFile(MesascopeError, ValueError):
    """Text that is not what it should be, or that has two meanings; the message says which."""


class UnwritableFile(MesascopeError, OSError):
    """A file that cannot be written; the message names it, and what it replaces is untouched."""


def parse_json(text: str | bytes, where: object, *, largest: int = LARGEST) -> Any:
    """What JSON text says, if it says it once.

    Args:
        where: what the text came from, for the message.
        largest: whole numbers lie below it, in size; for files that others write.

    Raises:
        UnreadableFile: the text is not UTF-8 or not JSON, an object has a key twice, a number is
            not finite or beyond the largest, or values are nested too deeply to be read.
    """

    def parse(plain: str) -> Any:
        return json.loads(plain, object_pairs_hook=_once)

    return _parsed(parse, text, where, "JSON", largest)


def parse_toml(text: str | bytes, where: object) -> dict[str, Any]:
    """What TOML text says.

    Raises:
        UnreadableFile: the text is not UTF-8 or not valid TOML, a number is not finite or beyond
            64 bits, or values are nested too deeply to be read.
    """
    table: dict[str, Any] = _parsed(_toml, text, where, "TOML", LARGEST)
    return table


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


def _parsed(
    parse: Callable[[str], Any], text: str | bytes, where: object, language: str, largest: int
) -> Any:
    try:
        value = parse(text if isinstance(text, str) else text.decode("utf-8"))
        _require_ordinary(value, largest)
    except RecursionError:
        raise UnreadableFile(f"{where} is not valid {language}: it nests too deeply") from None
    except ValueError as error:
        reason = _TOO_BIG if "set_int_max_str_digits" in str(error) else str(error)
        raise UnreadableFile(f"{where} is not valid {language}: {reason}") from error
    return value


def _toml(text: str) -> dict[str, Any]:
    if _MANY_PARTS.search(text):
        raise RecursionError
    return tomllib.loads(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"key {twice!r} stands there twice")
    return table


def _require_ordinary(value: Any, largest: int) -> None:
    """Refuse what would only fail later: huge and infinite numbers, text that is no Unicode."""
    pending: list[tuple[tuple[Any, ...], Any]] = [((), value)]
    while pending:
        place, value = pending.pop()
        if len(place) > DEEPEST:
            raise RecursionError
        if isinstance(value, dict):
            pending += [((*place, key), key) for key in value]
            pending += [((*place, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            pending += [((*place, number), inner) for number, inner in enumerate(value)]
        elif isinstance(value, str):
            value.encode("utf-8")
        elif isinstance(value, int) and abs(value) >= largest:
            bits = largest.bit_length() - 1
            raise ValueError(
                f"{'.'.join(map(str, place))}: a whole number of more than {bits} bits"
            )
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{_said(place)}: {value} is not a finite number")


def _said(place: tuple[Any, ...]) -> str:
    return ".".join(map(str, place))
