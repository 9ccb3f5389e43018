"""JSON Schema of frozen dataclasses, and the check of a value against one."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_PLAIN: dict[type, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    types.NoneType: {"type": "null"},
}


def object_schema(kind: type) -> dict[str, Any]:
    """Schema of a dataclass as `dataclasses.asdict` writes it: every key, and no other.

    Descriptions are the lines of its docstring's `Attributes`.

    Raises:
        TypeError: a field has a type that JSON does not have.
    """
    hints, words = get_type_hints(kind), _attributes(kind.__doc__ or "")
    properties = {
        field.name: {
            **_schema(hints[field.name]),
            **({"description": words[field.name]} if field.name in words else {}),
        }
        for field in dataclasses.fields(kind)
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


def faults(value: Any, schema: Mapping[str, Any], where: str = "$") -> list[str]:
    """Where a value does not fit, in words; for the keywords that `object_schema` writes."""
    if "anyOf" in schema:
        options = [faults(value, option, where) for option in schema["anyOf"]]
        return min(options, key=len)
    if "const" in schema:
        return (
            [] if value == schema["const"] else [f"{where} is {value!r}, not {schema['const']!r}"]
        )
    wanted = schema.get("type")
    if wanted is not None and not _is(value, wanted):
        return [f"{where} is {value!r}, wanted {wanted}"]
    found = []
    if wanted == "object":
        known, other = schema.get("properties", {}), schema.get("additionalProperties", True)
        found += [
            f"{where} has no {name!r}" for name in schema.get("required", ()) if name not in value
        ]
        for name, item in value.items():
            if name in known:
                found += faults(item, known[name], f"{where}.{name}")
            elif other is False:
                found.append(f"{where} has an unknown {name!r}")
            elif isinstance(other, Mapping):
                found += faults(item, other, f"{where}.{name}")
    if wanted == "array":
        fixed = schema.get("prefixItems")
        if fixed is not None and len(value) != len(fixed):
            return [f"{where} has {len(value)} items, wanted {len(fixed)}"]
        for number, item in enumerate(value):
            each = fixed[number] if fixed is not None else schema["items"]
            found += faults(item, each, f"{where}[{number}]")
    return found


def _schema(hint: Any) -> dict[str, Any]:
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if dataclasses.is_dataclass(hint):
        assert isinstance(hint, type)
        return object_schema(hint)
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"anyOf": [{"const": value} for value in inner]}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(option) for option in inner]}
    if origin is tuple and inner[-1] is Ellipsis:
        return {"type": "array", "items": _schema(inner[0])}
    if origin is tuple:
        each = [_schema(option) for option in inner]
        return {"type": "array", "prefixItems": each, "minItems": len(each), "items": False}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": _schema(inner[1])}
    raise TypeError(f"JSON has no {hint!r}; use numbers, text, tuples, mappings or dataclasses")


def _is(value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return wanted == "boolean"
    kinds: dict[str, type | tuple[type, ...]] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "null": types.NoneType,
        "boolean": bool,
    }
    return isinstance(value, kinds[wanted])


def _attributes(text: str) -> dict[str, str]:
    """Name -> line of a Google-style `Attributes` section."""
    _, _, section = text.partition("Attributes:\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        stripped = line.strip()
        if not stripped:
            break
        if line.startswith(" " * 8) and not line.startswith(" " * 9):
            head, _, rest = stripped.partition(": ")
            names = head.split(", ")
            found |= dict.fromkeys(names, rest)
        else:
            found |= {name: f"{found[name]} {stripped}" for name in names}
    return found
