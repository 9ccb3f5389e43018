"""Incident records: same facts, same id; nothing is lost on the way to disk, and a change shows."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from calling import ROOT
from evals.gate.facts import Fact, Subject, run_facts
from evals.gate.incident import (
    WIDTH,
    incident_json,
    incident_text,
    read_incident,
    schema_text,
    write_incident,
)
from evals.gate.policy import Policy, PolicyRule, SubjectKind, load_policy
from evals.gate.verdict import IncidentError, RuleApplied, Verdict, apply
from made_evidence import make_evidence, make_risk

NOW = "2026-05-04T09:30:00+00:00"
OTHER: dict[SubjectKind, SubjectKind] = {"run": "suspect", "suspect": "audit", "audit": "run"}
CHANGED = "changed after it was written"


def make(
    facts: Mapping[str, Fact], subject: Subject, *, threshold: float = 0.05, created: str = NOW
) -> Verdict:
    kind = subject.kind
    rules = (
        PolicyRule("high", "risk", "enhanced oversight", "a fifth", kind, above=threshold),
        PolicyRule("higher", "risk", "enhanced oversight", "a fifth", kind, at_least=0.06),
        PolicyRule("scarce", "families", "build", "three", kind, below=3.0),
        PolicyRule("blind", "detect", "measure", "so", kind, below=0.2),
        PolicyRule("lax", "detect", "n", "so", kind, below=0.2, if_unmeasured="ignore"),
        PolicyRule("other", "p_value", "n", "so", OTHER[kind], below=0.2),
    )
    policy = Policy("mine", "mine.toml", "ab" * 32, rules)
    return apply(policy, subject, facts, created=created, provenance={"python": "3.12.4"})


def test_every_rule_is_listed_once_and_what_was_not_measured_trips_unless_it_may_be_ignored(
    known: dict[str, Fact], subject: Subject
) -> None:
    incident = make(known, subject)
    assert [row.rule for row in incident.tripped] == ["high", "higher", "blind"]
    assert [row.rule for row in incident.passed] == ["scarce"], "a rule on suspects is left out"
    assert [row.rule for row in incident.ignored] == ["lax"]
    assert incident.tripped[0] == RuleApplied(
        "high", "risk", 0.08, "the risk", "above", 0.05, "enhanced oversight", "a fifth"
    )
    assert incident.actions == ("enhanced oversight", "measure")


def test_the_same_facts_have_one_id_and_others_another(
    known: dict[str, Fact], subject: Subject
) -> None:
    first = make(known, subject)
    later = make(known, subject, created="2027-01-01T00:00:00+01:00")
    assert first.id == later.id == replace(first, provenance={"python": "3.13.0"}).id
    assert len(first.id) == 16
    worse = make({**known, "risk": Fact("risk", 0.0800001, "the risk")}, subject)
    elsewhere = make(known, replace(subject, name="other"))
    stricter = make(known, subject, threshold=0.04)
    rewritten = replace(first, policy=replace(first.policy, sha256="cd" * 32))
    assert len({first.id, worse.id, elsewhere.id, stricter.id, rewritten.id}) == 5


@pytest.mark.parametrize(
    ("value", "comparison", "threshold", "told"),
    [
        (0.08, "above", 0.05, "risk is 0.08, above the threshold 0.05 by 0.03"),
        (0.08, "below", 0.2, "risk is 0.08, below the threshold 0.2 by 0.12"),
        (1.0, "at_least", 1.0, "risk is 1, exactly the threshold"),
        (0.04, "at_least", 0.05, "risk is 0.04; the rule trips where it is at least 0.05"),
        (None, "below", 0.2, "risk was not measured, so nobody knows whether it is below 0.2"),
    ],
)
def test_the_distance_from_the_threshold_is_told(
    value: float | None, comparison: Any, threshold: float, told: str
) -> None:
    row = RuleApplied("rule", "risk", value, "the risk", comparison, threshold, "look", "so")
    assert row.distance == told


@pytest.mark.parametrize(
    ("kind", "caveat"),
    [
        ("run", "transport weight"),
        ("suspect", "no finding of mesa-optimizat"),
        ("audit", "no finding of mesa-optimizat"),
    ],
)
def test_the_page_answers_every_question_of_its_reader(
    known: dict[str, Fact], subject: Subject, kind: SubjectKind, caveat: str
) -> None:
    incident = make(known, replace(subject, kind=kind, name="somebody"))
    page = incident_text(incident)
    flowing = " ".join(page.split())
    whom = "audited network" if kind == "audit" else kind
    for told in (
        f"INCIDENT {incident.id}", NOW, f"{whom} somebody", "python 3.12.4",
        "trips 3 of the 4 rules of the policy 'mine' that were checked",
        "1. high: risk is 0.08, above the threshold 0.05 by 0.03.",
        "The number: the risk.", "Why there: a fifth.",
        "- enhanced oversight (high, higher)",
        "Not measured: no organism was scored.", caveat,
        "- scarce: families is 3", "- lax: detect was not measured", "policy sha256 " + "ab" * 32,
    ):  # fmt: skip
        assert told in flowing, told
    assert page.count("enhanced oversight") == 1
    assert max(len(line) for line in page.splitlines()) <= WIDTH
    order = [page.index(title) for title in ("What happened", "What to do", "What is not known")]
    assert order == sorted(order)


@pytest.fixture(scope="module")
def incident(subject: Subject) -> Verdict:
    """Of a run with no subgoal organism."""
    evidence = make_evidence({"proxy": (19,), "pseudo": (10,), "deceptive": (3,)})
    facts = run_facts(evidence, make_risk(evidence))
    return apply(load_policy(), subject, facts, created=NOW, provenance=evidence.provenance)


def test_a_record_reads_back_as_it_was(incident: Verdict, tmp_path: Path) -> None:
    record, page = write_incident(incident, tmp_path / "new" / "folder")
    assert read_incident(record) == incident
    assert record.name == f"incident-{incident.id}.json"
    assert page.read_text() == incident_text(incident)
    assert {path.suffix for path in record.parent.iterdir()} == {".json", ".txt"}
    with pytest.raises(IncidentError, match="no rule tripped"):
        write_incident(replace(incident, tripped=()), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["new"], "where nothing happened"


def test_the_first_record_of_the_same_facts_stays_and_a_changed_one_too(
    incident: Verdict, tmp_path: Path
) -> None:
    record, page = write_incident(incident, tmp_path)
    first = record.read_bytes()
    later = replace(incident, created="2027-01-01T00:00:00+00:00")
    assert write_incident(later, tmp_path) == (record, page)
    assert record.read_bytes() == first
    assert "2026-05-04" in page.read_text()
    assert len(list(tmp_path.iterdir())) == 2
    record.write_text(record.read_text().replace('"made_up"', '"somebody"'))
    with pytest.raises(IncidentError, match=CHANGED):
        write_incident(incident, tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d["tripped"][0].update(value=1.01 * d["tripped"][0]["value"]), CHANGED),
        (lambda d: d["tripped"].pop(), CHANGED),
        (lambda d: d["subject"].update(name="other"), CHANGED),
        (lambda d: d["policy"].update(sha256="0" * 64), CHANGED),
        (lambda d: d["what_is_not_known"].clear(), CHANGED),
        (lambda d: d.update(actions=["nothing"]), CHANGED),
        (lambda d: d.update(id="0" * 16), CHANGED),
        (lambda d: d.pop("id"), CHANGED),
        (lambda d: d["passed"][0].update(value=None), "is listed as passed"),
        (lambda d: d["ignored"].append(d["passed"].pop()), "is listed as ignored"),
        (lambda d: d["passed"].append(d["tripped"].pop()), "is listed as passed"),
        (lambda d: d["tripped"].append(d["passed"].pop()), "is listed as tripped"),
        (lambda d: d.update(tripped=[]), "no rule tripped"),
        (lambda d: d.update(schema="mesascope.incident/2"), "does not say schema"),
        (lambda d: d.update(note="x"), "note: this key is unknown"),
        (lambda d: d.update(created="today"), "isoformat"),
        (lambda d: d.update(created="2026-05-04T09:30:00"), "with an offset"),
        (lambda d: d["subject"].update(kind="model"), r"subject\.kind"),
        (lambda d: d["tripped"][0].update(threshold=float("nan")), r"threshold: .* finite"),
    ],
)
def test_a_broken_record_is_refused(
    incident: Verdict, tmp_path: Path, change: Callable[[dict[str, Any]], object], complaint: str
) -> None:
    data = json.loads(incident_json(incident))
    change(data)
    path = tmp_path / "incident.json"
    path.write_text(json.dumps(data))
    with pytest.raises(IncidentError, match=f"incident.json.*{complaint}"):
        read_incident(path)


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "incident.json"
    with pytest.raises(IncidentError, match="no incident at"):
        read_incident(path)
    for text, complaint in (("{", "cannot be read"), ("[]", "schema"), ("null", "schema")):
        path.write_text(text)
        with pytest.raises(IncidentError, match=complaint):
            read_incident(path)


def test_the_published_schema_is_that_of_a_record(incident: Verdict) -> None:
    published = (ROOT / "docs" / "incident.schema.json").read_text()
    assert published == schema_text(), "write it again: python -m evals.gate.incident"
    record = json.loads(published)["$defs"]["Verdict"]
    data = json.loads(incident_json(incident))
    assert set(record["required"]) == set(record["properties"]) == set(data)
