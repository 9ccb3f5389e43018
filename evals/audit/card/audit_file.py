"""The file of an audit: JSON with a schema version and a digest of its content."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from evals.audit.audit import SCHEMA, Asked, Audit
from evals.evidence.validation import validated
from probes.errors import MesascopeError
from probes.parsing import UnreadableFile, parse_json


class AuditFileError(MesascopeError, ValueError):
    """A record of an audit that cannot be written or read; the message says what is wrong."""


def audit_json(audit: Audit) -> dict[str, Any]:
    """The record as JSON values, which `read_audit` reads back from a file.

    Raises:
        AuditFileError: it would not read back; the message names the field.
    """
    body = {"schema": SCHEMA, **asdict(_checked(asdict(audit)))}
    return {**body, "content_sha256": _digest(body)}


def read_audit(path: Path) -> Audit:
    """Read and check the file of an audit.

    Raises:
        AuditFileError: missing, torn, not JSON, another schema, edited, an unknown or missing key,
            a value of another type, a number that is not finite, or a question without an answer.
    """
    try:
        data = parse_json(path.read_bytes(), "it")
    except FileNotFoundError:
        raise AuditFileError(f"no audit at {path}; `mesascope audit --json` writes it") from None
    except (OSError, ValueError) as error:
        reason = error if isinstance(error, UnreadableFile) else f"no such file can be: {error}"
        raise AuditFileError(f"{path} cannot be read: {reason}") from error
    try:
        return _read(data)
    except AuditFileError as error:
        raise AuditFileError(f"{path}: {error}") from error


def _read(data: Any) -> Audit:
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema != SCHEMA:
        raise AuditFileError(
            f"it does not say schema {SCHEMA!r} but {schema!r}; this version reads only that, and "
            "`mesascope audit --json` writes it"
        )
    claimed = data.pop("content_sha256", None)
    found = _digest(data)
    audit = _checked({key: value for key, value in data.items() if key != "schema"})
    if claimed != found:
        raise AuditFileError(
            "its content is not what was written: it was edited; audit the network again, or take "
            "a whole copy"
        )
    return audit


def _checked(data: Mapping[str, Any]) -> Audit:
    """The record, if every value has its type and every question one answer."""
    audit = validated(Audit, data, AuditFileError)
    asked = Counter(answer.asked for answer in audit.answers)
    if wrong := [name for name in get_args(Asked) if asked[name] != 1]:
        raise AuditFileError(f"answers: wanted one answer to each question, not so for {wrong}")
    return audit


def _digest(body: Mapping[str, Any]) -> str:
    """Digest of the canonical JSON text."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
