"""An incident on disk: a verdict in which a rule tripped, as JSON and as a page of text.

`python -m evals.gate.incident > docs/incident.schema.json` writes the JSON Schema of its file.
"""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from functools import partial
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from evals.evidence.validation import file_schema, validated
from evals.gate.verdict import SCHEMA, IncidentError, Verdict
from probes.errors import printable
from probes.parsing import UnreadableFile, parse_json
from probes.writing import write_whole

WIDTH = 88
PAGE = Path(__file__).parent / "incident.txt.j2"


def verdict_text(verdict: Verdict) -> str:
    """That the subject passes, or the page of the incident."""
    if verdict.tripped:
        return incident_text(verdict)
    return (
        f"passed: {len(verdict.passed)} rules of {verdict.policy.name!r} hold for "
        f"{verdict.subject.kind} {verdict.subject.name}, {len(verdict.ignored)} not checked"
    )


def incident_text(incident: Verdict) -> str:
    """What happened, by which threshold and how much, what to do, and what is not known."""
    environment = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: printable(value) if isinstance(value, str) else value,
    )
    wrap = partial(textwrap.fill, width=WIDTH, break_long_words=False, break_on_hyphens=False)
    environment.filters["text"] = wrap
    environment.filters["inset"] = partial(wrap, initial_indent="   ", subsequent_indent="   ")
    environment.filters["item"] = lambda text: wrap(f"- {text}", subsequent_indent="  ")
    return environment.from_string(PAGE.read_text(encoding="utf-8")).render(
        incident=incident, schema=SCHEMA
    )


def incident_json(incident: Verdict) -> str:
    """JSON text that `read_incident` reads back.

    Raises:
        IncidentError: no rule tripped.
    """
    if not incident.tripped:
        raise IncidentError("no rule tripped; where nothing happened there is no incident")
    head = {"schema": SCHEMA, "id": incident.id}
    record = {**head, **asdict(incident), "actions": incident.actions}
    return json.dumps(record, indent=1, allow_nan=False)


def write_incident(incident: Verdict, folder: Path) -> tuple[Path, Path]:
    """Write the record as JSON and as text; the first record of the same facts stays.

    Returns:
        Paths of `incident-ID.json` and `incident-ID.txt` in the folder, which is made if need be.

    Raises:
        IncidentError: no rule tripped, or a record of that id is there already and was changed.
        UnwritableFile: the folder is read-only, or the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record, page = (folder / f"incident-{incident.id}{suffix}" for suffix in (".json", ".txt"))
    text = incident_json(incident)
    kept = read_incident(record) if record.exists() else incident
    write_whole(page, incident_text(kept))
    if not record.exists():
        write_whole(record, text)
    return record, page


def read_incident(path: Path) -> Verdict:
    """Read and check a record.

    Raises:
        IncidentError: missing, not JSON, another schema, an unknown or missing key, a wrong type,
            an outcome that the numbers contradict, or content that does not have the id it says.
    """
    try:
        data = parse_json(path.read_bytes(), "it")
    except FileNotFoundError:
        raise IncidentError(f"no incident at {path}; `mesascope gate` writes it") from None
    except (OSError, UnreadableFile) as error:
        raise IncidentError(f"{path} cannot be read: {error}") from error
    if not isinstance(data, dict) or data.pop("schema", None) != SCHEMA:
        raise IncidentError(f"{path} does not say schema {SCHEMA!r}; this version reads only that")
    id, actions = data.pop("id", None), data.pop("actions", None)
    try:
        incident = validated(Verdict, data, IncidentError)
        incident_json(incident)
    except IncidentError as error:
        raise IncidentError(f"{path}: {error}") from error
    own = (incident.id, list(incident.actions))
    if (id, actions) != own:
        raise IncidentError(
            f"{path} says id {id!r} and actions {actions!r}, but its content has {own[0]!r} "
            f"and {own[1]}: it was changed after it was written"
        )
    return incident


def schema_text() -> str:
    """The published JSON Schema of an incident's file."""
    head = {
        "schema": {"const": SCHEMA},
        "id": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "actions": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    }
    description = "A run, a suspect of it, or an audited network that crossed a threshold."
    schema = file_schema("mesascope incident", description, {Verdict: head})
    return json.dumps(schema, indent=1) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
