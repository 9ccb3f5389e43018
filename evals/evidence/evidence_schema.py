"""The JSON Schema of evidence files; `docs/evidence.schema.json` is a copy of it.

Write the copy again with `python -m evals.evidence.evidence_schema > docs/evidence.schema.json`.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from evals.evidence.evidence import Evidence
from evals.evidence.json_schema import DRAFT, object_schema
from evals.evidence.sweep import Sweep

FORMAT = "mesascope.evidence"
VERSION = 5


@cache
def evidence_schema() -> dict[str, Any]:
    """One schema for both kinds of evidence."""
    return {
        "$schema": DRAFT,
        "title": "mesascope evidence",
        "description": "Measured rates of a run, or counts of a pre-registered sweep. "
        "content_sha256 is the SHA-256 of the rest as JSON with sorted keys and no spaces.",
        "anyOf": [_kind("suite", Evidence), _kind("sweep", Sweep)],
    }


def _kind(name: str, kind: type) -> dict[str, Any]:
    body = object_schema(kind)
    head = {
        "schema": {"const": f"{FORMAT}/{VERSION}"},
        "kind": {"const": name},
        "content_sha256": {"type": "string"},
    }
    return {
        **body,
        "required": [*head, *body["required"]],
        "properties": {**head, **body["properties"]},
    }


def schema_text() -> str:
    """The published copy."""
    return json.dumps(evidence_schema(), indent=1) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
