"""Incident records: same facts, same id; nothing is lost between verdict and record."""

import json
from collections.abc import Mapping
from dataclasses import fields, replace

import pytest

from evals.gate import (
    Fact,
    Incident,
    IncidentError,
    Policy,
    PolicyRule,
    Subject,
    apply,
    incident_of,
)
from evals.gate.policy import BUILT_IN

NOW = "2026-05-04T09:30:00+00:00"


def rules(threshold: float) -> tuple[PolicyRule, ...]:
    return (
        PolicyRule("risk", "risk", "look", "so", "run", above=threshold),
        PolicyRule("again", "risk", "look", "so", "run", at_least=threshold),
        PolicyRule("scarce", "families", "build", "so", "run", below=3.0),
        PolicyRule("blind", "detect", "measure", "so", "run", below=0.2),
        PolicyRule("lax", "detect", "n", "so", "run", below=0.2, if_unmeasured="ignore"),
    )


def make(
    facts: Mapping[str, Fact], subject: Subject, *, threshold: float = 0.05, created: str = NOW
) -> Incident:
    policy = Policy("mine", "mine.toml", "ab" * 32, rules(threshold))
    verdict = apply(policy, facts, "run")
    return incident_of(verdict, subject=subject, created=created, provenance={"python": "3.12.4"})


def test_the_record_holds_every_rule_once(known: dict[str, Fact], subject: Subject) -> None:
    incident = make(known, subject)
    assert [row.rule for row in incident.tripped] == ["risk", "again", "blind"]
    assert [row.rule for row in incident.passed] == ["scarce"]
    assert [row.rule for row in incident.ignored] == ["lax"]
    first = incident.tripped[0]
    assert (first.fact, first.value, first.comparison, first.threshold) == (
        "risk",
        0.08,
        "above",
        0.05,
    )
    assert incident.actions == ("look", "measure")
    assert (incident.policy.name, incident.policy.sha256) == ("mine", "ab" * 32)


def test_the_same_facts_have_one_id_whenever_they_are_reported(
    known: dict[str, Fact], subject: Subject
) -> None:
    first = make(known, subject)
    later = make(known, subject, created="2027-01-01T00:00:00+01:00")
    assert first.id == later.id
    assert first.id == replace(first, provenance={"python": "3.13.0"}).id
    assert len(first.id) == 16
    assert int(first.id, 16) >= 0


def test_other_facts_subjects_or_policies_have_another_id(
    known: dict[str, Fact], subject: Subject
) -> None:
    first = make(known, subject)
    worse = make({**known, "risk": Fact("risk", 0.0800001, "the risk")}, subject)
    elsewhere = make(known, replace(subject, name="other"))
    stricter = make(known, subject, threshold=0.04)
    rewritten = replace(first, policy=replace(first.policy, sha256="cd" * 32))
    others = {worse.id, elsewhere.id, stricter.id, rewritten.id}
    assert len(others) == 4
    assert first.id not in others


def test_what_was_not_measured_and_what_is_judged_is_said(
    known: dict[str, Fact], subject: Subject
) -> None:
    told = make(known, subject).what_is_not_known
    assert told.count("Not measured: no organism was scored.") == 1
    assert any("transport weight" in line and "judgement" in line for line in told)


def test_a_suspect_is_not_called_guilty(known: dict[str, Fact], subject: Subject) -> None:
    rule = PolicyRule("risk", "risk", "look", "so", "suspect", above=0.05)
    verdict = apply(Policy("mine", "mine.toml", "ab" * 32, (rule,)), known, "suspect")
    told = incident_of(
        verdict, subject=replace(subject, kind="suspect"), created=NOW, provenance={}
    ).what_is_not_known
    assert any("no finding of mesa-optimization" in line for line in told)
    assert any("not the probability" in line for line in told)


def test_where_nothing_tripped_there_is_no_incident(
    known: dict[str, Fact], subject: Subject
) -> None:
    rule = PolicyRule("scarce", "families", "build", "so", "run", below=3.0)
    verdict = apply(Policy("mine", "mine.toml", "ab" * 32, (rule,)), known, "run")
    with pytest.raises(IncidentError, match="no rule tripped"):
        incident_of(verdict, subject=subject, created=NOW, provenance={})


def test_verdict_and_subject_must_be_of_one_kind(known: dict[str, Fact], subject: Subject) -> None:
    verdict = apply(Policy("mine", "mine.toml", "ab" * 32, rules(0.05)), known, "run")
    with pytest.raises(IncidentError, match="not of a suspect"):
        incident_of(verdict, subject=replace(subject, kind="suspect"), created=NOW, provenance={})


@pytest.mark.parametrize("created", ["yesterday", "", "2026-05-04T09:30:00", "2026-05-04"])
def test_a_moment_without_offset_is_refused(
    known: dict[str, Fact], subject: Subject, created: str
) -> None:
    with pytest.raises(IncidentError, match="ISO 8601 with an offset"):
        make(known, subject, created=created)


def test_a_rule_under_the_wrong_outcome_is_refused(
    known: dict[str, Fact], subject: Subject
) -> None:
    incident = make(known, subject)
    for outcome, rows in (
        ("tripped", (*incident.tripped, *incident.passed)),
        ("passed", incident.tripped[:1]),
        ("passed", incident.ignored),
        ("ignored", incident.passed),
    ):
        with pytest.raises(IncidentError, match=f"is listed as {outcome}"):
            replace(incident, **{outcome: rows})


def test_parts_check_themselves(known: dict[str, Fact], subject: Subject) -> None:
    row = make(known, subject).tripped[0]
    with pytest.raises(IncidentError, match="kind is 'model'"):
        replace(subject, kind="model")
    with pytest.raises(IncidentError, match="suite_hash of Subject is empty"):
        replace(subject, suite_hash="")
    with pytest.raises(IncidentError, match="comparison is 'over'"):
        replace(row, comparison="over")
    with pytest.raises(IncidentError, match="finite"):
        replace(row, value=float("nan"))
    with pytest.raises(IncidentError, match="finite"):
        replace(row, threshold=float("inf"))


def faults(value: object, schema: Mapping[str, object], root: Mapping[str, object]) -> list[str]:
    """What of a JSON value breaks a schema, for the keywords that ours uses."""
    if "$ref" in schema:
        return faults(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    kinds = {"object": dict, "array": list, "string": str, "number": float, "null": type(None)}
    wanted = schema.get("type", [])
    wanted = [wanted] if isinstance(wanted, str) else wanted
    found = []
    if wanted and not isinstance(value, tuple(kinds[kind] for kind in wanted)):
        return [f"{value!r} is no {wanted}"]
    if "const" in schema and value != schema["const"]:
        found.append(f"{value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{value!r} is none of {schema['enum']}")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        other = schema["additionalProperties"]
        found += [f"{key} is missing" for key in schema.get("required", []) if key not in value]
        found += [f"{key} is unknown" for key in value if key not in known and other is False]
        for key, item in value.items():
            found += faults(item, known.get(key, other or {}), root)
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            found.append("too short")
        for item in value:
            found += faults(item, schema["items"], root)
    if isinstance(value, str) and len(value) < schema.get("minLength", 0):
        found.append("empty")
    return found


def test_the_schema_fits_a_real_record_and_no_broken_one(
    known: dict[str, Fact], subject: Subject
) -> None:
    schema = json.loads((BUILT_IN.parent / "incident.schema.json").read_text())
    record = json.loads(make(known, subject).to_json())
    assert faults(record, schema, schema) == []
    assert set(schema["required"]) == set(schema["properties"]) == set(record)
    assert {field.name for field in fields(Incident)} < set(record)
    first = record["tripped"][0]
    for broken in (
        {**record, "tripped": []},
        {**record, "extra": 1},
        {**record, "schema": "mesascope.incident/2"},
        {**record, "tripped": [{**first, "value": "0.08"}]},
        {**record, "tripped": [{**first, "comparison": "over"}]},
        {**record, "subject": {**record["subject"], "kind": "model"}},
        {key: value for key, value in record.items() if key != "policy"},
    ):
        assert faults(broken, schema, schema)
