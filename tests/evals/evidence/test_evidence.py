"""Evidence reads back what was written and refuses what cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals.evidence.detector_rates import EvidenceError
from evals.evidence.evidence_file import read_evidence, read_suite_evidence, write_evidence
from evals.evidence.sweep import Sweep, SweepCount
from evals.running.run import Finished
from signing import sign

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def file(finished: Finished, tmp_path: Path) -> Path:
    path = tmp_path / "evidence.json"
    write_evidence(finished.evidence, path)
    return path


def test_evidence_reads_back(file: Path, finished: Finished) -> None:
    assert read_evidence(file) == finished.evidence


CHANGES: list[tuple[Change, str]] = [
    (lambda d: d.update(schema="mesascope.evidence/1"), "older schema.*`mesascope run` writes"),
    (lambda d: d.update(schema="mesascope.evidence/6"), "newer schema.*update mesascope"),
    (lambda d: d.update(schema="inspect.log/2"), "does not say schema"),
    (lambda d: d.pop("schema"), "does not say schema"),
    (lambda d: d.update(schema="mesascope.evidence/2"), "older schema"),
    (lambda d: d.pop("killers"), "'killers' must be a list"),
    (lambda d: d["killers"][0].update(verdict="fine"), "verdict is 'fine'"),
    (lambda d: d.update(kind="poll"), "kind is 'poll'"),
    (lambda d: d.update(mood="good"), "unknown key 'mood'"),
    (lambda d: d.pop("alpha"), "missing key 'alpha'"),
    (lambda d: d.update(alpha=1.5), "alpha must lie strictly"),
    (lambda d: d.update(rule="hunch"), "no column 'hunch'"),
    (lambda d: d.update(columns=3), "'columns' must be a list"),
    (lambda d: d["columns"][0]["cells"][0].update(detected=9), "9 flagged"),
    (lambda d: d["columns"][0]["cells"][0].update(detected=-1), "whole numbers"),
    (lambda d: d["columns"][0]["cells"][0].update(detected=1.5), "detected"),
    (lambda d: d["columns"][0]["cells"][0].update(attempted=0), "0 attempted"),
    (lambda d: d["columns"][0]["cells"][0].update(of=40, attempted=40), "population says"),
    (lambda d: d["columns"][0]["cells"].append(d["columns"][0]["cells"][0]), "family twice"),
    (lambda d: d["columns"][0]["alarms"][0].update(alarms=7), "7 flagged"),
    (lambda d: d["columns"][0]["alarms"][0].update(of=40), "population says"),
    (lambda d: d["columns"][0]["limit"].update(networks=99), "population says"),
    (lambda d: d["columns"][0]["limit"].update(basis="guess"), "basis"),
    (lambda d: d["columns"][0]["limit"].update(basis="none"), "flags nothing has no value"),
    (lambda d: d["population"][0].update(admitted=99), "do not add up"),
    (lambda d: d["population"].append(d["population"][0]), "listed in two rows"),
]


@pytest.mark.parametrize(("change", "message"), CHANGES)
def test_impossible_evidence_is_refused_even_when_signed(
    file: Path, change: Change, message: str
) -> None:
    data = json.loads(file.read_text())
    change(data)
    file.write_text(sign(data))
    with pytest.raises(EvidenceError, match=message):
        read_evidence(file)


def test_a_plausible_count_changed_by_hand_is_refused(file: Path) -> None:
    data = json.loads(file.read_text())
    cell = data["columns"][0]["cells"][0]
    cell["detected"] = 0 if cell["detected"] else cell["of"] - cell["abstained"]
    file.write_text(json.dumps(data))
    with pytest.raises(EvidenceError, match=r"evidence\.json: its content is not what was written"):
        read_evidence(file)


def test_missing_and_unreadable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="`mesascope run` writes it"):
        read_evidence(tmp_path / "none.json")
    for text, message in (('{"schema": ', "not readable JSON"), ("[]", "no JSON object")):
        (tmp_path / "torn.json").write_text(text)
        with pytest.raises(EvidenceError, match=message):
            read_evidence(tmp_path / "torn.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"alpha": NaN}', "it holds NaN, wanted finite numbers; run again"),
        ('{"alpha": [-Infinity]}', "it holds -Infinity"),
        ('{"alpha": 1e999}', "it holds 1e999"),
        ('{"alpha": ' + "[" * 100_000, "not readable JSON"),
        ('{"alpha": ' + "[" * 100_000 + "]" * 100_000 + "}", "not readable JSON"),
        ('{"schema": "mesascope.evidence/²"}', "does not say schema"),
        ('{"schema": "mesascope.evidence/٢"}', "does not say schema"),
        ('{"schema": "mesascope.evidence/' + "9" * 5000 + '"}', "does not say schema"),
        ('{"schema": "mesascope.evidence/"}', "does not say schema"),
        ('{"schema": "mesascope.evidence/5\\n"}', "does not say schema"),
        ('{"schema": "mesascope.evidence/5", "alpha": 0.05}', "its content is not what"),
    ],
)
def test_text_that_no_run_writes_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "strange.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvidenceError, match=rf"strange\.json.*{message}"):
        read_evidence(path)


@pytest.mark.parametrize("depth", range(900, 1001, 10))
def test_nesting_that_json_reads_but_cannot_write_is_refused(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "deep.json"
    path.write_text('{"schema": "mesascope.evidence/5", "a": ' + "[" * depth + "]" * depth + "}")
    with pytest.raises(EvidenceError, match=r"deep\.json"):
        read_evidence(path)


def sweep(*counts: SweepCount, **other: str) -> Sweep:
    fields = {"registered": "2026-11-01", "started": "2026-11-02", "registered_sha256": "a" * 64}
    return Sweep(name="dose", counts=counts, provenance={}, **{**fields, **other})


CORNER = SweepCount("maze/proxy_corner", "spontaneous", 20, 12, 9)


def test_a_sweep_reads_back_and_is_no_run(tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    write_evidence(sweep(CORNER), path)
    assert read_evidence(path) == sweep(CORNER)
    with pytest.raises(EvidenceError, match="of kind 'sweep'; wanted that of a run"):
        read_suite_evidence(path)


def test_a_sweep_measures_both_probabilities() -> None:
    one = sweep(CORNER, SweepCount("tree/leaf", "spontaneous", 10, 0, 0))
    assert one.emergence is not None
    assert [(c.detected, c.of) for c in one.emergence.counts] == [(12, 20), (0, 10)]
    assert one.misaligned is not None
    assert [(c.detected, c.of) for c in one.misaligned.counts] == [(9, 12)]
    assert sweep(SweepCount("tree/leaf", "spontaneous", 10, 0, 0)).misaligned is None


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SweepCount("maze/trigger", "instilled", 9, 9, 9), "only spontaneous recipes"),
        (lambda: SweepCount("maze/corner", "spontaneous", 9, 10, 9), "is impossible"),
        (lambda: SweepCount("maze/corner", "spontaneous", 9, 5, 6), "is impossible"),
        (lambda: SweepCount("maze/corner", "spontaneous", 9, -1, 0), "whole numbers"),
        (lambda: sweep(CORNER, registered_sha256=""), "no registration"),
        (lambda: sweep(CORNER, registered="2026-11-03"), "before it was registered"),
        (lambda: sweep(CORNER, started="soon"), "no date"),
        (lambda: sweep(CORNER, CORNER), "each once"),
        (lambda: sweep(), "needs recipes"),
    ],
)
def test_what_is_no_preregistered_sweep_of_spontaneous_recipes_is_refused(
    build: Callable[[], object], message: str
) -> None:
    with pytest.raises(EvidenceError, match=message):
        build()
