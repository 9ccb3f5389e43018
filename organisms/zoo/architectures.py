"""Kinds of networks by name, so that stored shapes can be read back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from organisms.nets.compiled.net import CompiledShape
from organisms.nets.net import NetShape
from organisms.nets.regressor import RegressorShape
from organisms.worlds.world import Shape

ARCHITECTURES: dict[str, type[Any]] = {
    shape.architecture: shape for shape in (NetShape, RegressorShape, CompiledShape)
}
"""Architecture name -> shape class."""


def shape_to_dict(shape: Any) -> dict[str, Any]:
    """JSON-ready form of a shape."""
    return {"architecture": shape.architecture, **asdict(shape)}


def shape_from_dict(data: dict[str, Any]) -> Shape:
    """Read what `shape_to_dict` wrote.

    Raises:
        ValueError: the architecture is unknown, or a field is missing, unknown or wrong.
    """
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
    name = fields.pop("architecture", None)
    if name not in ARCHITECTURES:
        raise ValueError(f"architecture is one of {sorted(ARCHITECTURES)}, got {name!r}")
    try:
        shape: Shape = ARCHITECTURES[name](**fields)
    except TypeError as error:
        raise ValueError(f"not a shape of a {name}: {error}") from error
    return shape
