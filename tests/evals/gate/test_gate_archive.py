"""Records survive the way to disk and back, and a changed one is noticed."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.gate import (
    Incident,
    IncidentError,
    Subject,
    apply,
    incident_of,
    incident_text,
    load_policy,
    read_incident,
    run_facts,
    write_incident,
)
from made_evidence import make_evidence, make_risk


@pytest.fixture(scope="module")
def incident(subject: Subject) -> Incident:
    """Of a run with no subgoal organism."""
    evidence = make_evidence({"proxy": (19,), "pseudo": (10,), "deceptive": (3,)})
    verdict = apply(load_policy(), run_facts(evidence, make_risk(evidence)), "run")
    assert verdict.passed
    return incident_of(
        verdict,
        subject=subject,
        created="2026-05-04T09:30:00+00:00",
        provenance=evidence.provenance,
    )


def changed(incident: Incident, folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    data = json.loads(incident.to_json())
    change(data)
    path = folder / "incident.json"
    path.write_text(json.dumps(data))
    return path


def test_a_record_reads_back_as_it_was(incident: Incident, tmp_path: Path) -> None:
    record, page = write_incident(incident, tmp_path / "new" / "folder")
    assert read_incident(record) == incident
    assert record.name == f"incident-{incident.id}.json"
    assert page.read_text() == incident_text(incident)
    assert {path.suffix for path in record.parent.iterdir()} == {".json", ".txt"}


def test_the_first_record_of_the_same_facts_stays(incident: Incident, tmp_path: Path) -> None:
    record, page = write_incident(incident, tmp_path)
    first = record.read_bytes()
    later = replace(incident, created="2027-01-01T00:00:00+00:00")
    assert write_incident(later, tmp_path) == (record, page)
    assert record.read_bytes() == first
    assert "2026-05-04" in page.read_text()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_changed_record_is_not_written_over(incident: Incident, tmp_path: Path) -> None:
    record, _ = write_incident(incident, tmp_path)
    record.write_text(record.read_text().replace('"made_up"', '"somebody"'))
    with pytest.raises(IncidentError, match="changed after it was written"):
        write_incident(incident, tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            lambda d: d["tripped"][0].update(value=1.01 * d["tripped"][0]["value"]),
            "changed after it was written",
        ),
        (lambda d: d["tripped"].pop(), "changed after it was written"),
        (lambda d: d["subject"].update(name="other"), "changed after it was written"),
        (lambda d: d["policy"].update(sha256="0" * 64), "changed after it was written"),
        (lambda d: d["what_is_not_known"].clear(), "changed after it was written"),
        (lambda d: d.update(actions=["nothing"]), "changed after it was written"),
        (lambda d: d.update(id="0" * 16), "changed after it was written"),
        (lambda d: d.pop("id"), "changed after it was written"),
        (lambda d: d["passed"][0].update(value=None), "is listed as passed"),
        (lambda d: d.update(tripped=[]), "no rule tripped"),
        (lambda d: d.update(schema="mesascope.incident/2"), "does not say schema"),
        (lambda d: d.update(note="x"), "unknown key 'note'"),
        (lambda d: d.pop("created"), "missing key 'created'"),
        (lambda d: d.update(created=5), "'created' in .incident. must be str"),
        (lambda d: d.update(created="today"), "ISO 8601"),
        (lambda d: d.pop("subject"), ".subject. must be a table"),
        (lambda d: d["subject"].pop("suite"), "missing key 'suite'"),
        (lambda d: d["policy"].update(version=2), "unknown key 'version'"),
        (lambda d: d.update(tripped={}), "'tripped' must be a list"),
        (lambda d: d.update(passed=[3]), ".passed. must be a table"),
        (lambda d: d["tripped"][0].update(value="0.9"), "'value' in .tripped. must be a number"),
        (lambda d: d["tripped"][0].update(value=True), "'value' in .tripped. must be a number"),
        (lambda d: d["tripped"][0].update(threshold=None), "'threshold'"),
        (lambda d: d["tripped"][0].update(threshold=float("nan")), "finite"),
        (lambda d: d["tripped"][0].pop("value"), "missing key 'value'"),
        (lambda d: d["tripped"][0].update(comparison="over"), "comparison is 'over'"),
        (lambda d: d.update(what_is_not_known=[1]), "hold text, got 1"),
        (lambda d: d.update(provenance=[]), "'provenance' must be an object"),
        (lambda d: d.update(provenance={"python": 3}), "hold text, got 3"),
    ],
)
def test_a_broken_record_is_refused(
    incident: Incident,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], object],
    complaint: str,
) -> None:
    path = changed(incident, tmp_path, change)
    with pytest.raises(IncidentError, match=complaint) as raised:
        read_incident(path)
    assert str(path) in str(raised.value)


def test_a_whole_number_is_a_number(incident: Incident, tmp_path: Path) -> None:
    def shorten(data: dict[str, Any]) -> None:
        for row in (*data["tripped"], *data["passed"]):
            row.update(threshold=int(row["threshold"])) if row["threshold"] % 1 == 0 else None

    assert read_incident(changed(incident, tmp_path, shorten)) == incident


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IncidentError, match="no incident at"):
        read_incident(tmp_path / "missing.json")
    for text, complaint in (
        ("{", "not readable JSON"),
        ("[]", "does not say schema"),
        ("null", "does not say schema"),
    ):
        path = tmp_path / "incident.json"
        path.write_text(text)
        with pytest.raises(IncidentError, match=complaint):
            read_incident(path)
