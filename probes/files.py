"""Text files: read with one meaning or refused, and written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import math
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from probes.errors import MesascopeError

LARGEST = 2**64
"""Whole numbers of this size and more are in no file of ours; arithmetic on them overflows."""


class UnreadableFile(MesascopeError, ValueError):
    """Text that is not what it should be, or that has two meanings; the message says which."""


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
    table: dict[str, Any] = _parsed(tomllib.loads, text, where, "TOML", LARGEST)
    return table


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that its name never stands for half of it, even after a crash.

    Text is written as UTF-8. Who may read the file is what the umask says.

    Raises:
        OSError: the folder is missing or read-only, or the disk is full; nothing is left behind.
    """
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        with part.open("xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _parsed(
    parse: Callable[[str], Any], text: str | bytes, where: object, language: str, largest: int
) -> Any:
    try:
        value = parse(text if isinstance(text, str) else text.decode("utf-8"))
        _require_ordinary(value, largest)
    except RecursionError:
        raise UnreadableFile(f"{where} is not valid {language}: it nests too deeply") from None
    except ValueError as error:
        raise UnreadableFile(f"{where} is not valid {language}: {error}") from error
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice!r} stands there twice")
    return table


def _require_ordinary(value: Any, largest: int) -> None:
    """Refuse what would only fail later: huge and infinite numbers, text that is no Unicode."""
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += [*value, *value.values()]
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, str):
            value.encode("utf-8")
        elif isinstance(value, int) and abs(value) >= largest:
            raise ValueError(f"a whole number has more than {largest.bit_length() - 1} bits")
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{value} is not a finite number")
