"""The evidence file: JSON with a schema version and a digest of its content.

`python -m evals.evidence.evidence_file > docs/evidence.schema.json` writes its JSON Schema.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evals.evidence.detector_rates import EvidenceError
from evals.evidence.evidence import Evidence
from evals.evidence.sweep import Sweep
from evals.evidence.validation import file_schema, validated
from probes.parsing import UnreadableFile, parse_json
from probes.writing import write_whole

FORMAT = "mesascope.evidence"
VERSION = 6
KINDS: Mapping[str, type[Evidence] | type[Sweep]] = {"suite": Evidence, "sweep": Sweep}


def write_evidence(evidence: Evidence | Sweep, path: Path) -> None:
    """Write a file that `read_evidence` reads back.

    Raises:
        EvidenceError: it would not read back; the message names the field.
        UnwritableFile: the folder is missing or read-only, or the disk is full.
    """
    kind = next(name for name, record in KINDS.items() if isinstance(evidence, record))
    body = {"schema": f"{FORMAT}/{VERSION}", "kind": kind, **asdict(evidence)}
    validated(KINDS[kind], asdict(evidence), EvidenceError)
    write_whole(path, json.dumps({**body, "content_sha256": _digest(body)}, indent=1))


def read_evidence(path: Path) -> Evidence | Sweep:
    """Read and check an evidence file.

    Raises:
        EvidenceError: missing, not JSON, another schema, edited, an unknown or missing key, a value
            of another type, a number that is not finite, or impossible counts.
    """
    try:
        data = parse_json(path.read_bytes(), "it")
    except FileNotFoundError:
        raise EvidenceError(f"no evidence at {path}; `mesascope run` writes it") from None
    except (OSError, UnreadableFile) as error:
        raise EvidenceError(f"{path} cannot be read: {error}") from error
    try:
        return _read(data)
    except EvidenceError as error:
        raise EvidenceError(f"{path}: {error}") from error


def read_suite_evidence(path: Path) -> Evidence:
    """Read the evidence of a run; raises on that of a sweep."""
    evidence = read_evidence(path)
    if not isinstance(evidence, Evidence):
        raise EvidenceError(f"{path} is of kind 'sweep'; wanted that of a run, kind 'suite'")
    return evidence


def schema_text() -> str:
    """The published JSON Schema of both kinds of evidence."""
    heads = {
        record: {
            "schema": {"const": f"{FORMAT}/{VERSION}"},
            "kind": {"const": kind},
            "content_sha256": {"type": "string"},
        }
        for kind, record in KINDS.items()
    }
    description = (
        "Measured rates of a run, or counts of a pre-registered sweep. content_sha256 is the "
        "SHA-256 of the rest as JSON with sorted keys and no spaces."
    )
    return json.dumps(file_schema("mesascope evidence", description, heads), indent=1) + "\n"


def _read(data: Any) -> Evidence | Sweep:
    if not isinstance(data, dict):
        raise EvidenceError("it holds no JSON object; `mesascope run` writes evidence")
    _check_schema(data.get("schema"))
    claimed = data.pop("content_sha256", None)
    if claimed != _digest(data):
        raise EvidenceError(
            "its content is not what was written: it was edited or torn; a figure changed by hand "
            "is no evidence, run again or take a whole copy"
        )
    kind = str(data.get("kind"))
    if kind not in KINDS:
        raise EvidenceError(f"kind is {kind!r}, wanted one of {list(KINDS)}")
    body = {key: value for key, value in data.items() if key not in ("schema", "kind")}
    evidence = validated(KINDS[kind], body, EvidenceError)
    if missing := list(_left_out(asdict(evidence), body)):
        raise EvidenceError(f"{missing[0]}: this key is missing; a file states every key")
    return evidence


def _check_schema(schema: object) -> None:
    name, _, version = str(schema).partition("/")
    if name != FORMAT or not re.fullmatch("[0-9]{1,9}", version):
        raise EvidenceError(f"it does not say schema '{FORMAT}/{VERSION}' but {schema!r}")
    if int(version) != VERSION:
        age, remedy = "older", "`mesascope run` writes it again from the finished scores"
        if int(version) > VERSION:
            age, remedy = "newer", "update mesascope"
        raise EvidenceError(
            f"it has the {age} schema {schema!r}, this version reads {VERSION}: {remedy}"
        )


def _left_out(record: Any, given: Any, place: str = "") -> Iterator[str]:
    """Places of keys that have a default and that the file does not state."""
    if isinstance(record, dict):
        for key, value in record.items():
            where = f"{place}.{key}".lstrip(".")
            if key in given:
                yield from _left_out(value, given[key], where)
            else:
                yield where
    elif isinstance(record, tuple):
        for number, (value, row) in enumerate(zip(record, given, strict=True)):
            yield from _left_out(value, row, f"{place}.{number}")


def _digest(body: Mapping[str, Any]) -> str:
    """Digest of the canonical JSON text."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    print(schema_text(), end="")
