"""The record of a tripped policy: what happened, what to do and what is not known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from evals.gate.facts import Fact
from evals.gate.parts import IncidentError, PolicyApplied, RuleApplied, Subject
from evals.gate.verdict import Checked, Verdict

SCHEMA = "mesascope.incident/1"

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
        for outcome, allowed in (
            ("tripped", (True, None)),
            ("passed", (False,)),
            ("ignored", (None,)),
        ):
            for row in getattr(self, outcome):
                if row.crossed not in allowed:
                    raise IncidentError(
                        f"rule {row.rule!r} is listed as {outcome}, but {row.value} against "
                        f"{row.comparison} {row.threshold} is not"
                    )
        if not _has_offset(self.created):
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
        """JSON text that `read_incident` reads back; `incident.schema.json` describes it."""
        record = {
            "schema": SCHEMA,
            "id": self.id,
            **asdict(self),
            "actions": self.actions,
        }
        return json.dumps(record, indent=1, allow_nan=False)


def incident_of(
    verdict: Verdict, *, subject: Subject, created: str, provenance: Mapping[str, str]
) -> Incident:
    """The record of a verdict in which a rule tripped.

    Args:
        verdict: of `apply`.
        subject: whom it is about.
        created: now, ISO 8601 with an offset.
        provenance: versions, machine and seeds.

    Raises:
        IncidentError: nothing tripped, or the verdict is about another kind of subject.
    """
    if verdict.applies_to != subject.kind:
        raise IncidentError(f"the verdict is of a {verdict.applies_to}, not of a {subject.kind}")
    return Incident(
        created=created,
        subject=subject,
        policy=PolicyApplied(verdict.policy.name, verdict.policy.sha256),
        tripped=tuple(_applied(row) for row in verdict.tripped),
        passed=tuple(_applied(row) for row in verdict.passed),
        ignored=tuple(_applied(row) for row in verdict.ignored),
        what_is_not_known=(*_missing(verdict.facts), *ALWAYS_UNKNOWN[subject.kind]),
        provenance=dict(provenance),
    )


def _applied(row: Checked) -> RuleApplied:
    rule, fact = row.rule, row.fact
    return RuleApplied(
        rule=rule.name,
        fact=fact.name,
        value=fact.value,
        text=fact.text,
        comparison=rule.comparison,
        threshold=rule.threshold,
        action=rule.action,
        because=rule.because,
    )


def _missing(facts: Mapping[str, Fact]) -> tuple[str, ...]:
    """A sentence for each reason why some fact was not measured."""
    reasons = dict.fromkeys(fact.text for fact in facts.values() if fact.value is None)
    return tuple(f"Not measured: {reason}." for reason in reasons)


def _has_offset(moment: str) -> bool:
    try:
        return datetime.fromisoformat(moment).tzinfo is not None
    except ValueError:
        return False
