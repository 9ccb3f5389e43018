"""JSON and TOML that have one meaning, or are refused."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from typing import Any

from probes.errors import MesascopeError

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
            raise ValueError(f"{_at(place)}{_TOO_BIG}")
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{_at(place)}{value} is not a finite number")


def _at(place: tuple[Any, ...]) -> str:
    return f"{'.'.join(map(str, place))}: " if place else ""
