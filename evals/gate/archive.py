"""Incident records on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evals.gate.incident import SCHEMA, Incident
from evals.gate.page import incident_text
from evals.gate.parts import IncidentError, PolicyApplied, RuleApplied, Subject
from organisms.records.strict import SpecError, strict


def write_incident(incident: Incident, folder: Path) -> tuple[Path, Path]:
    """Write the record as JSON and as text; the first record of the same facts stays.

    Args:
        incident: the record.
        folder: made where it does not exist.

    Returns:
        Paths of `incident-ID.json` and `incident-ID.txt`.

    Raises:
        IncidentError: a record of that id is there already and was changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record, page = (folder / f"incident-{incident.id}{suffix}" for suffix in (".json", ".txt"))
    kept = read_incident(record) if record.exists() else incident
    page.write_text(incident_text(kept))
    if not record.exists():
        # A record cut short could not be told from one that was changed.
        unfinished = record.with_suffix(".unfinished")
        unfinished.write_text(incident.to_json())
        unfinished.replace(record)
    return record, page


def read_incident(path: Path) -> Incident:
    """Read and check a record.

    Raises:
        IncidentError: missing, not JSON, another schema, an unknown or missing key, a wrong type,
            an outcome that the numbers contradict, or content that does not have the id it says.
    """
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        raise IncidentError(f"no incident at {path}; `mesascope gate` writes it") from None
    except (OSError, ValueError) as error:
        raise IncidentError(f"{path} is not readable JSON: {error}") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise IncidentError(f"{path} does not say schema {SCHEMA!r}; this version reads only that")
    said = {key: data.get(key) for key in ("id", "actions")}
    try:
        incident = _incident({key: data[key] for key in data if key not in ("schema", *said)})
    except (SpecError, IncidentError) as error:
        raise IncidentError(f"{path}: {error}") from error
    if said != {"id": incident.id, "actions": list(incident.actions)}:
        raise IncidentError(
            f"{path} says id {said['id']!r} and actions {said['actions']}, but its content has "
            f"{incident.id!r} and {list(incident.actions)}: it was changed after it was written"
        )
    return incident


def _incident(data: dict[str, Any]) -> Incident:
    subject = strict(Subject, data.get("subject"), "subject")
    policy = strict(PolicyApplied, data.get("policy"), "policy")
    rules = {
        outcome: tuple(_rule(row, outcome) for row in _list(data, outcome))
        for outcome in ("tripped", "passed", "ignored")
    }
    unknown = tuple(_list(data, "what_is_not_known"))
    provenance = data.get("provenance")
    if not isinstance(provenance, dict):
        raise SpecError(f"'provenance' must be an object, got {provenance!r}")
    for text in (*unknown, *provenance.values()):
        if not isinstance(text, str):
            raise SpecError(f"'what_is_not_known' and 'provenance' hold text, got {text!r}")
    built = {"subject": subject, "policy": policy, "what_is_not_known": unknown}
    return strict(Incident, {**data, **rules, **built}, "incident")


def _rule(row: Any, outcome: str) -> RuleApplied:
    numbers = {}
    for key in ("value", "threshold"):
        number = row.get(key) if isinstance(row, dict) else None
        if number is None:
            continue
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise SpecError(f"{key!r} in [{outcome}] must be a number, got {number!r}")
        numbers[key] = float(number)
    return strict(RuleApplied, {**row, **numbers} if isinstance(row, dict) else row, outcome)


def _list(data: dict[str, Any], key: str) -> list[Any]:
    rows = data.get(key)
    if not isinstance(rows, list):
        raise SpecError(f"{key!r} must be a list, got {rows!r}")
    return rows
