"""Dataclasses built from tables as they come from TOML or JSON, nothing guessed or dropped."""

from __future__ import annotations

import dataclasses
from dataclasses import fields
from typing import TypeVar

from probes.arguments import field_hints, unlike
from probes.errors import MesascopeError

T = TypeVar("T")


class SpecError(MesascopeError, ValueError):
    """A specification that cannot be read; the message names the key and the remedy."""


def strict(kind: type[T], data: object, where: str) -> T:
    """Build a dataclass from a table; unknown keys, missing keys and wrong types are errors."""
    if not isinstance(data, dict):
        raise SpecError(f"[{where}] must be a table, got {data!r}")
    assert dataclasses.is_dataclass(kind)
    known = {f.name: f for f in fields(kind)}
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise SpecError(f"unknown key {unknown[0]!r} in [{where}]; it takes {sorted(known)}")
    missing = [
        name
        for name, f in known.items()
        if name not in data
        and f.default is dataclasses.MISSING
        and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise SpecError(f"missing key {missing[0]!r} in [{where}]")
    for name, value in data.items():
        if wanted := unlike(value, field_hints(kind)[name]):
            raise SpecError(f"{name!r} in [{where}] {wanted}, got {value!r}")
    try:
        return kind(**data)
    except SpecError:
        raise
    except (TypeError, ValueError) as error:
        raise SpecError(f"[{where}]: {error}") from error
