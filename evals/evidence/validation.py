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

_PLAINER = {"unexpected_keyword_argument": "unknown key", "missing": "this key is missing"}


def validated(kind: type[T], data: object, error: type[MesascopeError]) -> T:
    """Build a record, and the records inside it, from tables and lists.

    Nothing is guessed, converted or dropped: "3" is no number, and an unknown key is an error.
    What the records check themselves is told with its place too.

    Args:
        kind: a dataclass with the configuration `STRICT`.
        data: as `json` or `tomllib` read it.
        error: what to raise.
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
        title, description: of the schema.
        heads: for each record the schemas of the keys that the file has besides its fields.
    """
    _, shared = TypeAdapter.json_schemas(
        [(kind.__name__, "serialization", TypeAdapter(kind)) for kind in heads],
        schema_generator=_WithoutTitles,
    )
    records = shared["$defs"]
    for kind, head in heads.items():
        body = records[kind.__name__]
        body["properties"] = {**head, **body["properties"]}
        body["required"] = [*head, *body["required"]]
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": title,
        "description": description,
        "anyOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in heads],
        "$defs": records,
    }


class _WithoutTitles(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _told(type: str, loc: tuple[int | str, ...], msg: str, input: Any, **other: Any) -> str:
    """One fault, such as `columns.0.alpha: Input should be a valid number, got '3'`."""
    place = ".".join(map(str, loc))
    text = _PLAINER.get(type, msg.removeprefix("Value error, "))
    if type not in ("missing", "value_error"):
        text += f", got {str(repr(input))[:60]}"
    return f"{place}: {text}" if place else text
