"""Records read from parsed JSON or TOML by their type annotations; errors name the place."""

from __future__ import annotations

import json
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from probes.errors import MesascopeError

T = TypeVar("T")

STRICT = ConfigDict(
    extra="forbid",
    strict=True,
    allow_inf_nan=False,
    json_schema_serialization_defaults_required=True,
)
"""For the outermost dataclass of a file, by `pydantic.with_config`; those inside inherit it."""

MOST = 2**53
"""Largest count: beyond it floats no longer tell whole numbers apart."""

Count = Annotated[int, Field(ge=0, le=MOST)]
Words = Annotated[str, Field(pattern=r"\S")]
"""Text that is not blank."""

Cost = Annotated[float, Field(ge=0, le=MOST)]
"""Seconds, or forward passes."""

Share = Annotated[float, Field(ge=0, le=1)]


def validated(kind: type[T], data: object, error: type[MesascopeError]) -> T:
    """Build a record and the records inside it; nothing is guessed, converted or dropped.

    Args:
        kind: a dataclass.
        data: as `parse_json` or `parse_toml` gave it.
        error: what to raise; its text says where something is wrong, what came and what is wanted.
    """
    record: T = _validated(kind, data, error)
    return record


def validated_rows(kind: type[T], data: object, error: type[MesascopeError]) -> tuple[T, ...]:
    """The same of a list of records."""
    records: tuple[T, ...] = _validated(tuple[kind, ...], data, error)  # type: ignore[valid-type]
    return records


_adapter: Any = cache(TypeAdapter)
"""Making one takes longer than reading a record with it."""


def _validated(kind: Any, data: object, error: type[MesascopeError]) -> Any:
    try:
        return _adapter(kind).validate_json(json.dumps(data), strict=True, extra="forbid")
    except ValidationError as found:
        raise error("; ".join(_told(**wrong) for wrong in found.errors()[:3])) from None
    except TypeError as found:
        raise error(f"a value is neither text, number nor list: {found}") from None


def _told(type: str, loc: tuple[int | str, ...], msg: str, input: Any, **other: Any) -> str:
    """One fault, such as `columns.0.alpha: Input should be a valid number, got '3'`."""
    text = f"{msg}, got {repr(input)[:60]}"
    if type in ("unexpected_keyword_argument", "extra_forbidden"):
        text = "this key is unknown"
    elif type == "missing":
        text = "this key is missing"
    elif type == "value_error":
        text = msg.removeprefix("Value error, ")
    return ": ".join(filter(None, (".".join(map(str, loc)), text)))
