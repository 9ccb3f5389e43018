"""The evidence file on disk: JSON with a schema version and a digest of its content."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evals.evidence.choices import Chosen, Selection
from evals.evidence.detector_rates import Alarms, Cell, Column, EvidenceError
from evals.evidence.evidence import Evidence, Population
from evals.evidence.evidence_schema import FORMAT, VERSION, evidence_schema
from evals.evidence.json_schema import faults
from evals.evidence.rival_explanation import Killer
from evals.evidence.sweep import Sweep, SweepCount
from evals.statistics.limit import Limit, LimitError
from evals.statistics.paired import Pair
from organisms.records.strict import SpecError, strict

_KINDS = {Evidence: "suite", Sweep: "sweep"}


def write_evidence(evidence: Evidence | Sweep, path: Path) -> None:
    """Write a file that `read_evidence` reads back."""
    body = {"schema": f"{FORMAT}/{VERSION}", "kind": _KINDS[type(evidence)], **asdict(evidence)}
    path.write_text(
        json.dumps({**body, "content_sha256": _digest(body)}, indent=1, allow_nan=False)
    )


def read_evidence(path: Path) -> Evidence | Sweep:
    """Read and check an evidence file.

    Raises:
        EvidenceError: missing, not JSON, a number that is not finite, another schema, edited, an
            unknown key, or impossible counts.
    """
    try:
        data = json.loads(path.read_text(), parse_constant=_number, parse_float=_number)
    except FileNotFoundError:
        raise EvidenceError(f"no evidence at {path}; `mesascope run` writes it") from None
    except (OSError, ValueError, RecursionError) as error:
        raise EvidenceError(f"{path} is not readable JSON: {error}") from error
    if not isinstance(data, dict):
        raise EvidenceError(f"{path} holds no JSON object; `mesascope run` writes evidence")
    try:
        return _parse(data)
    except (EvidenceError, LimitError, SpecError, TypeError, RecursionError) as error:
        raise EvidenceError(f"{path}: {error}") from error


def read_suite_evidence(path: Path) -> Evidence:
    """Read the evidence of a run; raises on that of a sweep."""
    evidence = read_evidence(path)
    if not isinstance(evidence, Evidence):
        raise EvidenceError(f"{path} is of kind 'sweep'; wanted that of a run, kind 'suite'")
    return evidence


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"it holds {text}, wanted finite numbers; run again or take a whole copy")
    return number


def _parse(data: dict[str, Any]) -> Evidence | Sweep:
    _check_schema(data.get("schema"))
    claimed = data.pop("content_sha256", None)
    if claimed != _digest(data):
        raise EvidenceError(
            "its content is not what was written: it was edited or torn; a figure changed by hand "
            "is no evidence, run again or take a whole copy"
        )
    whole = {**data, "content_sha256": claimed}
    evidence = _built(data)
    # The dataclasses speak first: they know what is wrong with a count. The schema sees the rest.
    if wrong := faults(whole, evidence_schema()):
        raise EvidenceError(f"it does not fit the schema: {wrong[0]}")
    return evidence


def _built(data: dict[str, Any]) -> Evidence | Sweep:
    del data["schema"]
    kind = data.pop("kind", None)
    if kind == "suite":
        return _suite(data)
    if kind == "sweep":
        rows = tuple(strict(SweepCount, row, "count") for row in _rows(data, "counts"))
        return strict(Sweep, {**data, "counts": rows}, "sweep")
    raise EvidenceError(f"kind is {kind!r}, wanted 'suite' or 'sweep'")


def _check_schema(schema: object) -> None:
    name, _, version = str(schema).partition("/")
    if name != FORMAT or not re.fullmatch("[0-9]{1,9}", version):
        raise EvidenceError(f"it does not say schema '{FORMAT}/{VERSION}' but {schema!r}")
    if int(version) > VERSION:
        raise EvidenceError(
            f"it has the newer schema {schema!r}, this version reads {VERSION}: update mesascope"
        )
    if int(version) < VERSION:
        raise EvidenceError(
            f"it has the older schema {schema!r}, this version reads {VERSION}: `mesascope run` "
            "writes it again from the finished scores"
        )


def _suite(data: dict[str, Any]) -> Evidence:
    built = {
        **data,
        **_lists(data, "rule_detectors"),
        "columns": tuple(_column(row) for row in _rows(data, "columns")),
        "selections": tuple(_selection(row) for row in _rows(data, "selections")),
        "pairs": tuple(strict(Pair, row, "pair") for row in _rows(data, "pairs")),
        "population": tuple(
            strict(Population, {**row, **_lists(row, "duds", "spec_hashes")}, "population")
            for row in _rows(data, "population")
        ),
        "killers": tuple(
            strict(Killer, {**row, **_lists(row, "spared")}, "killer")
            for row in _rows(data, "killers")
        ),
    }
    return strict(Evidence, built, "evidence")


def _column(row: dict[str, Any]) -> Column:
    cells = tuple(
        strict(Cell, {**cell, **_lists(cell, "auroc_interval")}, "cell")
        for cell in _rows(row, "cells")
    )
    alarms = tuple(strict(Alarms, alarm, "alarms") for alarm in _rows(row, "alarms"))
    limit = strict(Limit, row.get("limit"), "limit")
    built = {**row, **_lists(row, "detectors"), "cells": cells, "alarms": alarms, "limit": limit}
    return strict(Column, built, "column")


def _selection(row: dict[str, Any]) -> Selection:
    chosen = tuple(strict(Chosen, one, "chosen") for one in _rows(row, "chosen"))
    return strict(Selection, {**row, "chosen": chosen}, "selection")


def _digest(body: Mapping[str, Any]) -> str:
    """Digest of the canonical JSON text."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _rows(data: dict[str, Any], key: str) -> Sequence[dict[str, Any]]:
    rows = data.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise EvidenceError(f"{key!r} must be a list of objects")
    return rows


def _lists(row: dict[str, Any], *keys: str) -> dict[str, Any]:
    """Lists of JSON as the tuples that records hold; None stays."""
    return {
        key: tuple(value) if isinstance(value := row[key], list) else value
        for key in keys
        if key in row
    }
