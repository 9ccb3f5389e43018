"""Records read from parsed JSON or TOML by their type annotations; errors name the place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from probes.errors import MesascopeError

T = TypeVar("T")

STRICT = ConfigDict(
    extra="forbid",
    strict=True,
    allow_inf_nan=False,
    json_schema_serialization_defaults_required=True,
)
"""For the outermost dataclass of a file, by `pydantic.with_config`; those inside inherit it."""

Count = Annotated[int, Field(ge=0)]
Words = Annotated[str, Field(pattern=r"\S")]
"""Text that is not blank."""


def validated(kind: type[T], data: object, error: type[MesascopeError]) -> T:
    """Build a record and the records inside it; nothing is guessed, converted or dropped.

    Args:
        kind: a dataclass with the configuration `STRICT`.
        error: what to raise; its text says where something is wrong, what came and what is wanted.
    """
    try:
        return TypeAdapter(kind).validate_json(json.dumps(data))
    except ValidationError as found:
        raise error("; ".join(_told(**wrong) for wrong in found.errors()[:3])) from None
    except TypeError as found:
        raise error(f"a value is neither text, number nor list: {found}") from None


def file_schema(
    title: str, description: str, heads: Mapping[type, Mapping[str, Any]]
) -> dict[str, Any]:
    """JSON Schema of a file that holds one of several records.

    Args:
        heads: for each record the schemas of the keys that the file has besides its fields.
    """
    _, shared = TypeAdapter.json_schemas(
        [(kind.__name__, "serialization", TypeAdapter(kind)) for kind in heads],
        title=title,
        description=description,
        schema_generator=_WithoutTitles,
    )
    for kind, head in heads.items():
        body = shared["$defs"][kind.__name__]
        body["properties"] = {**head, **body["properties"]}
        body["required"] = [*head, *body["required"]]
    whole = {"anyOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in heads]}
    return {"$schema": GenerateJsonSchema.schema_dialect, **shared, **whole}


class _WithoutTitles(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _told(type: str, loc: tuple[int | str, ...], msg: str, input: Any, **other: Any) -> str:
    """One fault, such as `columns.0.alpha: Input should be a valid number, got '3'`."""
    text = f"{msg}, got {repr(input)[:60]}"
    if type == "unexpected_keyword_argument":
        text = "this key is unknown"
    elif type == "missing":
        text = "this key is missing"
    elif type == "value_error":
        text = msg.removeprefix("Value error, ")
    return ": ".join(filter(None, (".".join(map(str, loc)), text)))
