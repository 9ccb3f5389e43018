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

from evals.column import Alarms, Cell, Column, EvidenceError, OperatingPoint
from evals.dependence import Dependence
from evals.evidence import Evidence, Population
from evals.evidence_schema import FORMAT, VERSION, evidence_schema
from evals.json_schema import faults
from evals.killer import Killer
from evals.leaderboard import Board, Standing
from evals.own_family import OwnFamily
from evals.paired import Pair
from evals.resampled import Moved
from evals.selection import Chosen, Contender, PermutedFamilies, Selection
from evals.stacked_null import StackedNull
from evals.sweep import Sweep, SweepCount
from organisms.strict import SpecError, strict

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
    except (EvidenceError, SpecError, TypeError, RecursionError) as error:
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
    columns = tuple(_column(row) for row in _rows(data, "columns"))
    parts = {
        "beside": tuple(_column(row) for row in _rows(data, "beside")),
        "own": tuple(strict(OwnFamily, row, "own") for row in _rows(data, "own")),
        "selections": tuple(_selection(row) for row in _rows(data, "selections")),
        "boards": tuple(_board(row) for row in _rows(data, "boards")),
        "dependence": tuple(
            strict(Dependence, {**row, "interval": _pair(row.get("interval"))}, "dependence")
            for row in _rows(data, "dependence")
        ),
        "stacks": tuple(
            strict(StackedNull, {**row, **_lists(row, "features")}, "stack")
            for row in _rows(data, "stacks")
        ),
    }
    population = tuple(
        strict(Population, {**row, **_lists(row, "duds", "spec_hashes")}, "population")
        for row in _rows(data, "population")
    )
    killers = tuple(strict(Killer, row, "killer") for row in _rows(data, "killers"))
    named = {**data, **_lists(data, "rule_detectors"), "killers": killers}
    built = {**named, **parts, "columns": columns, "population": population}
    return strict(Evidence, built, "evidence")


def _column(row: dict[str, Any]) -> Column:
    cells = tuple(
        strict(Cell, {**cell, "auroc_interval": _pair(cell.get("auroc_interval"))}, "cell")
        for cell in _rows(row, "cells")
    )
    alarms = tuple(strict(Alarms, alarm, "alarms") for alarm in _rows(row, "alarms"))
    points = tuple(strict(OperatingPoint, point, "operating") for point in _rows(row, "operating"))
    pairs = {key: _pair(row.get(key)) for key in ("fpr_range", "normal_alarms")}
    built = {**row, **pairs, "cells": cells, "alarms": alarms, "operating": points}
    built["moved"] = tuple(strict(Moved, one, "moved") for one in _rows(row, "moved"))
    if row.get("assured") is not None:
        built["assured"] = strict(OperatingPoint, row["assured"], "assured")
    return strict(Column, built, "column")


def _selection(row: dict[str, Any]) -> Selection:
    contenders = tuple(
        strict(Contender, {**one, **_lists(one, "detected")}, "contender")
        for one in _rows(row, "contenders")
    )
    chosen = tuple(
        strict(Chosen, {**one, **_lists(one, "chosen_on")}, "chosen")
        for one in _rows(row, "chosen")
    )
    built = {**row, **_lists(row, "families", "of"), "contenders": contenders, "chosen": chosen}
    if row.get("null") is not None:
        built["null"] = strict(PermutedFamilies, row["null"], "null")
    return strict(Selection, built, "selection")


def _board(row: dict[str, Any]) -> Board:
    standings = tuple(
        strict(Standing, {**one, **_lists(one, "ranks", "new_family_ranks")}, "standing")
        for one in _rows(row, "standings")
    )
    pairs = tuple(strict(Pair, one, "pair") for one in _rows(row, "pairs"))
    built = {**row, **_lists(row, "families"), "standings": standings, "pairs": pairs}
    return strict(Board, built, "board")


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
    return {key: _pair(row[key]) for key in keys if key in row}


def _pair(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
