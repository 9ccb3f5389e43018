"""Files: text read with one meaning or refused, and written whole; folders named by a hash."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from probes.errors import MesascopeError, MesascopeWarning

LARGEST = 2**64
"""Whole numbers of this size and more are in no file of ours; arithmetic on them overflows."""

_TOO_BIG = "a whole number has more than 64 bits"

DEEPEST = 64
"""Lists and tables inside each other; writing or comparing what nests deeper could fail later."""

_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
_MANY_PARTS = re.compile(rf"(?:^|[\[{{,])[ \t]*(?:{_PART}){{{DEEPEST}}}", re.MULTILINE)
"""A key of so many parts, such as `a.a.a`, on which the parser would spend hours."""


_HASH = re.compile("[0-9a-f]{16}")


class StrangeFolder(MesascopeWarning):
    """Something that lies where only folders named by a hash do."""


class UnreadableFile(MesascopeError, ValueError):
    """Text that is not what it should be, or that has two meanings; the message says which."""


def parse_json(text: str | bytes, where: object) -> Any:
    """What JSON text says, if it says it once.

    Args:
        where: what the text came from, for the message.

    Raises:
        UnreadableFile: the text is not UTF-8 or not JSON, an object has a key twice, a number is
            not finite or beyond 64 bits, or values are nested too deeply to be read.
    """
    return _parsed(lambda plain: json.loads(plain, object_pairs_hook=_once), text, where, "JSON")


def parse_toml(text: str | bytes, where: object) -> dict[str, Any]:
    """What TOML text says.

    Raises:
        UnreadableFile: the text is not UTF-8 or not valid TOML, a number is not finite or beyond
            64 bits, or values are nested too deeply to be read.
    """
    table: dict[str, Any] = _parsed(_toml, text, where, "TOML")
    return table


def folders_by_hash(root: Path) -> list[Path]:
    """Folders called by 16 hexadecimal digits, in order; what is hidden is passed over.

    What else lies there, such as a copy that a file service made, is ignored with a warning.
    """
    found = sorted(path for path in root.glob("*") if not path.name.startswith("."))
    own = [path for path in found if _HASH.fullmatch(path.name) and path.is_dir()]
    if strange := sorted(path.name for path in {*found} - {*own}):
        named = ", ".join(map(repr, strange[:3])) + (", ..." if strange[3:] else "")
        warnings.warn(
            f"ignored in {root}: {named}; folders there are called by the 16 digits of a hash",
            StrangeFolder,
            stacklevel=2,
        )
    return own


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


def _parsed(parse: Callable[[str], Any], text: str | bytes, where: object, language: str) -> Any:
    try:
        value = parse(text if isinstance(text, str) else text.decode("utf-8"))
        _require_ordinary(value)
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


def _require_ordinary(value: Any) -> None:
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
        elif isinstance(value, int) and abs(value) >= LARGEST:
            raise ValueError(f"{_at(place)}{_TOO_BIG}")
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{_at(place)}{value} is not a finite number")


def _at(place: tuple[Any, ...]) -> str:
    return f"{'.'.join(map(str, place))}: " if place else ""
