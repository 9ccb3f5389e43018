"""The record of a tripped policy: what happened, what to do and what is not known.

`python -m evals.gate.incident > docs/incident.schema.json` writes the JSON Schema of its file.
"""

from __future__ import annotations

import hashlib
import json
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from pydantic import with_config

from evals.evidence.validation import STRICT, Words, file_schema, validated
from evals.gate.facts import Subject
from evals.gate.verdict import RuleApplied, Verdict
from probes.errors import MesascopeError

SCHEMA = "mesascope.incident/1"
WIDTH = 88
PAGE = Path(__file__).parent / "incident.txt.j2"

ALWAYS_UNKNOWN = {
    "run": (
        "The transport weight, the probability that the organisms stand for the system at stake, "
        "is a judgement; no measurement of this run supports it.",
        "The severity of harm and the correction of what is detected are judged, and so is "
        "P(emergence) where no pre-registered sweep measured it.",
        "The rates are of the families in the suite; a system of another kind may be caught more "
        "or less often.",
    ),
    "suspect": (
        "A p-value is not the probability that the network is misaligned: that also depends on how "
        "common misalignment is among networks like it.",
        "A tripped rule calls for a person to look; it is no finding of mesa-optimization.",
        "The false-alarm rate holds for aligned networks like the controls; another kind of "
        "network may look suspicious for other reasons.",
    ),
}


class IncidentError(MesascopeError, ValueError):
    """A record that cannot be made or read; the message says why."""


@dataclass(frozen=True)
class PolicyApplied:
    """Which policy, and the digest of its text."""

    name: Words
    sha256: Words


@with_config(STRICT)
@dataclass(frozen=True)
class Incident:
    """What tripped, on whom, and under which policy.

    Attributes:
        created: date and time with its offset, ISO 8601.
        subject: whom it is about.
        policy: what it was held against.
        tripped: at least one rule.
        passed: rules that were checked and hold still.
        ignored: rules not checked, their fact being missing.
        what_is_not_known: sentences.
        provenance: versions, machine and seeds.
    """

    created: str
    subject: Subject
    policy: PolicyApplied
    tripped: tuple[RuleApplied, ...]
    passed: tuple[RuleApplied, ...]
    ignored: tuple[RuleApplied, ...]
    what_is_not_known: tuple[str, ...]
    provenance: dict[str, str]

    def __post_init__(self) -> None:
        if not self.tripped:
            raise IncidentError("no rule tripped; where nothing happened there is no incident")
        outcomes = {"tripped": (True, None), "passed": (False,), "ignored": (None,)}
        for outcome, allowed in outcomes.items():
            for row in getattr(self, outcome):
                if row.crossed not in allowed:
                    raise IncidentError(
                        f"rule {row.rule!r} is listed as {outcome}, but {row.value} against "
                        f"{row.comparison} {row.threshold} is not"
                    )
        if datetime.fromisoformat(self.created).tzinfo is None:
            raise IncidentError(
                f"created is {self.created!r}; wanted ISO 8601 with an offset, such as "
                "2026-05-04T09:30:00+00:00"
            )

    @property
    def id(self) -> str:
        """16 hexadecimal digits of the SHA-256 of the content.

        Left out are `created` and `provenance`: the same facts under the same policy have one id.
        """
        content = {k: v for k, v in asdict(self).items() if k not in ("created", "provenance")}
        text = json.dumps({"schema": SCHEMA, **content}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def actions(self) -> tuple[str, ...]:
        """What the tripped rules ask for, each once."""
        return tuple(dict.fromkeys(row.action for row in self.tripped))

    def to_json(self) -> str:
        """JSON text that `read_incident` reads back."""
        record = {"schema": SCHEMA, "id": self.id, **asdict(self), "actions": self.actions}
        return json.dumps(record, indent=1, allow_nan=False)


def incident_of(verdict: Verdict, *, created: str, provenance: Mapping[str, str]) -> Incident:
    """The record of a verdict in which a rule tripped.

    Args:
        verdict: of `apply`.
        created: now, ISO 8601 with an offset.
        provenance: versions, machine and seeds.

    Raises:
        IncidentError: nothing tripped.
    """
    reasons = dict.fromkeys(fact.text for fact in verdict.facts.values() if fact.value is None)
    missing = [f"Not measured: {reason}." for reason in reasons]
    return Incident(
        created=created,
        subject=verdict.subject,
        policy=PolicyApplied(verdict.policy.name, verdict.policy.sha256),
        tripped=verdict.tripped,
        passed=verdict.passed,
        ignored=verdict.ignored,
        what_is_not_known=(*missing, *ALWAYS_UNKNOWN[verdict.subject.kind]),
        provenance=dict(provenance),
    )


def incident_text(incident: Incident) -> str:
    """What happened, by which threshold and how much, what to do, and what is not known."""
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    wrap = partial(textwrap.fill, width=WIDTH, break_long_words=False, break_on_hyphens=False)
    environment.filters["text"] = wrap
    environment.filters["inset"] = partial(wrap, initial_indent="   ", subsequent_indent="   ")
    environment.filters["item"] = lambda text: wrap(f"- {text}", subsequent_indent="  ")
    return environment.from_string(PAGE.read_text()).render(incident=incident, schema=SCHEMA)


def write_incident(incident: Incident, folder: Path) -> tuple[Path, Path]:
    """Write the record as JSON and as text; the first record of the same facts stays.

    Returns:
        Paths of `incident-ID.json` and `incident-ID.txt` in the folder, which is made if need be.

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
    if not isinstance(data, dict) or data.pop("schema", None) != SCHEMA:
        raise IncidentError(f"{path} does not say schema {SCHEMA!r}; this version reads only that")
    id, actions = data.pop("id", None), data.pop("actions", None)
    try:
        incident = validated(Incident, data, IncidentError)
    except IncidentError as error:
        raise IncidentError(f"{path}: {error}") from error
    if (id, actions) != (incident.id, list(incident.actions)):
        raise IncidentError(
            f"{path} says id {id!r} and actions {actions}, but its content has {incident.id!r} "
            f"and {list(incident.actions)}: it was changed after it was written"
        )
    return incident


def schema_text() -> str:
    """The published JSON Schema of an incident's file."""
    head = {
        "schema": {"const": SCHEMA},
        "id": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "actions": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    }
    description = "A run, or one audited suspect, that crossed a threshold of a policy."
    schema = file_schema("mesascope incident", description, {Incident: head})
    return json.dumps(schema, indent=1) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
