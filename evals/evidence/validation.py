"""The published JSON Schema of files whose records are read by their type annotations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from organisms.records.typed import STRICT, Cost, Count, Share, Words, validated

__all__ = ["STRICT", "Cost", "Count", "Share", "Words", "file_schema", "validated"]


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
