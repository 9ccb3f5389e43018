"""Checks that sizes and distributions make of their own fields."""

from __future__ import annotations

from typing import Literal, get_args, get_origin, get_type_hints


def check_least(record: object, **least: int) -> None:
    """Refuse a field below its least value.

    Raises:
        ValueError: a value is too small.
    """
    for name, low in least.items():
        if getattr(record, name) < low:
            raise ValueError(f"{name} must be at least {low}, got {getattr(record, name)}")


def check_fields(record: object, **ranges: tuple[int | float, int | float]) -> None:
    """Refuse a field outside its range, and one that is none of its declared literals.

    Args:
        ranges: lowest and highest value by field; both are allowed.

    Raises:
        ValueError: a value is not allowed.
    """
    for name, (low, high) in ranges.items():
        if not low <= getattr(record, name) <= high:
            value = getattr(record, name)
            raise ValueError(f"{name} must lie in [{low}, {high}], got {value}")
    for name, kind in get_type_hints(type(record)).items():
        if get_origin(kind) is Literal and getattr(record, name) not in get_args(kind):
            value = getattr(record, name)
            raise ValueError(f"{name} is one of {list(get_args(kind))}, got {value!r}")
