"""What may be given as an argument or in a file: finite numbers, and words of a fixed set."""

from __future__ import annotations

import dataclasses
import difflib
import numbers
import sys
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from probes.errors import MesascopeError

Bound = int | float | None

MOST = 2**53
"""Largest whole number that is taken where nothing smaller is said: floats still tell it apart."""

_WHOLE = "must be int, a whole number of at most 2^53"


class ArgumentError(MesascopeError, ValueError):
    """A number or a word that cannot be used; the message names it and what is wanted."""


def is_finite(value: object) -> bool:
    """Whether a value is a number neither NaN nor infinite, that a float holds."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and abs(value) <= sys.float_info.max  # type: ignore[arg-type]


def require_number(
    name: str,
    value: int | float,
    *,
    least: Bound = None,
    above: Bound = None,
    most: Bound = None,
    below: Bound = None,
    error: type[MesascopeError] = ArgumentError,
) -> None:
    """Refuse what is no finite number, or lies outside a range; NaN lies outside every range.

    Args:
        name: of the number, for the message.
        least, above: lower bound, itself allowed or not.
        most, below: upper bound, itself allowed or not.
        error: what is raised.
    """
    low, high = (least, above), (most, below)
    fits = is_finite(value) and (
        (least is None or value >= least)
        and (above is None or value > above)
        and (most is None or value <= most)
        and (below is None or value < below)
    )
    if fits:
        return
    if any(bound is not None for bound in low) and any(bound is not None for bound in high):
        left = f"[{least}" if above is None else f"({above}"
        right = f"{most}]" if below is None else f"{below})"
        raise error(f"{name} must lie in {left}, {right}, got {value!r}")
    bounds = {"at least": least, "above": above, "at most": most, "below": below}
    said = [f"{word} {bound}" for word, bound in bounds.items() if bound is not None]
    text = "positive" if said == ["above 0"] else " and ".join(said)
    raise error(f"{name} must be {text or 'a number'} and finite, got {value!r}")


def require_word(
    name: str,
    value: str,
    words: Iterable[str],
    *,
    error: type[MesascopeError] = ArgumentError,
) -> None:
    """Refuse a word that is none of a fixed set.

    Args:
        name: of the argument, for the message.
        words: such as a `StrEnum`, or `get_args` of a `Literal`.
        error: what is raised.
    """
    known = list(map(str, words))
    if not isinstance(value, str) or value not in known:
        raise error(f"{name} is one of {known}, got {value!r}")


def near_misses(word: str, words: Iterable[str]) -> str:
    """What may have been meant by a word that is none of these, for the end of a message."""
    known = list(words)
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else f"wanted one of {', '.join(known)}"


def require_fields(
    record: Any,
    *,
    error: type[MesascopeError] = ArgumentError,
    **ranges: tuple[Bound, Bound],
) -> None:
    """Refuse a field of a dataclass that is not what its annotation says; call it first thing.

    Numbers must be finite and whole ones at most `MOST` in size, words of a `Literal` or of a
    `StrEnum` must be of it; this holds inside tuples and beside None too. A word of a `StrEnum`
    that came as plain text becomes its member. Other annotations are left alone.

    Args:
        record: a dataclass's instance, in its `__post_init__`.
        error: what is raised.
        ranges: lowest and highest value by field, both allowed; None for no bound.
    """
    kind: Any = type(record)
    for name, hint in field_hints(kind).items():
        value = getattr(record, name)
        if wanted := unlike(value, hint):
            raise error(f"{name} {wanted}, got {value!r}")
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            object.__setattr__(record, name, hint(value))
    for name, (low, high) in ranges.items():
        require_number(name, getattr(record, name), least=low, most=high, error=error)


def unlike(value: object, hint: Any) -> str:
    """What an annotation wants where a value is not that; empty where it is, or is not judged."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        wanted = [unlike(value, one) for one in args if one is not type(None)]
        return "" if (value is None and type(None) in args) or "" in wanted else wanted[0]
    if origin is tuple:
        if not isinstance(value, tuple | list):
            return "must be a list"
        kinds = args[:1] * len(value) if args[1:] == (...,) else args
        if len(kinds) != len(value):
            return f"must be a list of {len(kinds)}"
        return next(filter(None, map(unlike, value, kinds)), "")
    if origin is Literal or (isinstance(hint, type) and issubclass(hint, StrEnum)):
        known = list(args) if origin is Literal else list(map(str, hint))
        alike = any(isinstance(value, type(one)) and value == one for one in known)
        return "" if alike else f"is one of {known}"
    if hint is float:
        return "" if is_finite(value) else "must be float, a finite number"
    if hint is int:
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        return "" if whole and is_finite(value) and abs(value) <= MOST else _WHOLE  # type: ignore[arg-type]
    if hint in (bool, str) and not isinstance(value, hint):
        return f"must be {hint.__name__}"
    return ""


@cache
def field_hints(kind: Any) -> dict[str, Any]:
    """Resolved annotation of every field of a dataclass; none where a name in one is not known."""
    try:
        hints = get_type_hints(kind)
    except NameError:
        return {}
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
