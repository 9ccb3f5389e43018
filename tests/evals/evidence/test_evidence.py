"""Evidence reads back what was written and refuses what cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calling import ROOT
from evals.evidence.choices import Chosen, Selection
from evals.evidence.detector_rates import EvidenceError
from evals.evidence.evidence import Evidence
from evals.evidence.evidence_file import (
    read_evidence,
    read_suite_evidence,
    schema_text,
    write_evidence,
)
from evals.evidence.rival_explanation import Rival
from evals.evidence.sweep import Sweep, SweepCount
from evals.statistics.exact_tests import compared
from made_evidence import make_evidence, sign

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def evidence() -> Evidence:
    """Of two types, with a rival explanation, a comparison and a choice."""
    return replace(
        make_evidence({"proxy": (4, 3), "deceptive": (2,)}, of=5),
        killers=(Rival("weight_norm", "maze/proxy_0", "passed", "p = 0.4", 20, 0.4, "weights"),),
        pairs=(compared("a", "b", (np.array([True]), np.array([False])), np.array(["f"])),),
        selections=(Selection((Chosen("f", "a", 1, 5),), "proxy", "weights", 2, "a", 0.2, 0.1),),
    )


@pytest.fixture
def file(evidence: Evidence, tmp_path: Path) -> Path:
    path = tmp_path / "evidence.json"
    write_evidence(evidence, path)
    return path


def test_evidence_reads_back(file: Path, evidence: Evidence) -> None:
    assert read_evidence(file) == evidence


def test_only_what_would_read_back_is_written(evidence: Evidence, tmp_path: Path) -> None:
    broken = replace(evidence, columns=(replace(evidence.columns[0], cpu_seconds=float("nan")),))
    with pytest.raises(EvidenceError, match=r"columns\.0\.cpu_seconds: .* finite"):
        write_evidence(broken, tmp_path / "evidence.json")
    assert not (tmp_path / "evidence.json").exists()


def cell(data: dict[str, Any]) -> dict[str, Any]:
    return data["columns"][0]["cells"][0]


CHANGES: list[tuple[Change, str]] = [
    (lambda d: d.update(schema="mesascope.evidence/1"), "older schema"),
    (lambda d: d.update(schema="mesascope.evidence/7"), "newer schema"),
    (lambda d: d.update(schema="inspect.log/2"), "does not say schema"),
    (lambda d: d.update(kind="poll"), "kind is 'poll'"),
    (lambda d: cell(d).update(mood="good"), r"columns\.0\.cells\.0\.mood: this key is unknown"),
    (lambda d: d.pop("killers"), "killers: this key is missing"),
    (lambda d: d["killers"][0].pop("access"), r"killers\.0\.access: this key is missing"),
    (lambda d: d.update(alpha=1.5), "alpha: .* less than 1"),
    (lambda d: d.update(alpha=float("nan")), "alpha: .* finite"),
    (lambda d: d.update(rule="hunch"), "no column 'hunch'"),
    (lambda d: d.update(columns=3), "columns: "),
    (lambda d: cell(d).update(origin=None), r"columns\.0\.cells\.0\.origin"),
    (lambda d: cell(d).update(detected=cell(d)["of"] + 1), r"columns\.0\.cells\.0: .*flagged"),
    (lambda d: cell(d).update(detected=-1), r"columns\.0\.cells\.0\.detected: .*, got -1"),
    (lambda d: cell(d).update(detected="3"), r"columns\.0\.cells\.0\.detected: .*, got '3'"),
    (lambda d: cell(d).update(detected=True), r"columns\.0\.cells\.0\.detected: .*, got True"),
    (lambda d: cell(d).update(auroc_interval=[0.1]), r"auroc_interval\.1: this key is missing"),
    (lambda d: cell(d).update(attempted=0), "0 attempted"),
    (lambda d: cell(d).update(of=40, attempted=40), "population says"),
    (lambda d: d["columns"][0]["cells"].append(cell(d)), "family twice"),
    (lambda d: d["columns"][0]["alarms"][0].update(alarms=70), "70 flagged"),
    (lambda d: d["columns"][0]["alarms"][0].update(of=41), "population says"),
    (lambda d: d["columns"][0]["limit"].update(networks=99), "population says"),
    (lambda d: d["columns"][0]["limit"].update(basis="none"), "flags nothing has no value"),
    (lambda d: d["killers"][0].update(verdict="fine"), r"killers\.0\.verdict: .*, got 'fine'"),
    (lambda d: d["killers"][0].update(p_value=2.0), r"killers\.0\.p_value"),
    (lambda d: d["killers"][0].update(access="everything"), r"killers\.0\.access"),
    (lambda d: d["population"][0].update(admitted=98), "do not add up"),
    (lambda d: d["population"].append(d["population"][0]), "listed in two rows"),
    (lambda d: d["provenance"].update(seed=3), r"provenance\.seed"),
]


SWEEP_CHANGES: list[tuple[Change, str]] = [
    (lambda d: d["counts"][0].update(origin="instilled"), r"counts\.0\.origin"),
    (lambda d: d["counts"][0].update(emerged=21), r"counts\.0: .* is impossible"),
    (lambda d: d["counts"][0].update(misaligned=13), r"counts\.0: .* is impossible"),
    (lambda d: d["counts"][0].update(misaligned=-1), r"counts\.0\.misaligned: .*, got -1"),
    (lambda d: d.update(registered_sha256=""), "registered_sha256"),
    (lambda d: d.update(registered="2026-11-03"), "before it was registered"),
    (lambda d: d.update(started="soon"), "started"),
    (lambda d: d["counts"].append(d["counts"][0]), "a recipe twice"),
    (lambda d: d["counts"].clear(), "counts"),
]
"""What makes a sweep none that was pre-registered, of spontaneous recipes."""


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [*(("suite", *row) for row in CHANGES), *(("sweep", *row) for row in SWEEP_CHANGES)],
)
def test_impossible_evidence_is_refused_even_when_signed(
    file: Path, kind: str, change: Change, message: str
) -> None:
    if kind == "sweep":
        write_evidence(sweep(CORNER), file)
    data = json.loads(file.read_text())
    change(data)
    file.write_text(sign(data))
    with pytest.raises(EvidenceError, match=message):
        read_evidence(file)


def test_a_plausible_count_changed_by_hand_is_refused(file: Path) -> None:
    data = json.loads(file.read_text())
    cell(data)["detected"] -= 1
    file.write_text(json.dumps(data))
    with pytest.raises(EvidenceError, match=r"evidence\.json: its content is not what was written"):
        read_evidence(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "`mesascope run` writes it"),
        ('{"schema": ', "cannot be read"),
        ("[]", "no JSON object"),
        ('{"alpha": ' + "[" * 100_000, "cannot be read"),
        ('{"schema": "mesascope.evidence/²"}', "does not say schema"),
        ('{"schema": "mesascope.evidence/٢"}', "does not say schema"),
        ('{"schema": "mesascope.evidence/' + "9" * 5000 + '"}', "does not say schema"),
        ('{"schema": "mesascope.evidence/6\\n"}', "does not say schema"),
        ('{"schema": "mesascope.evidence/6", "alpha": 0.05}', "its content is not what"),
        ('{"schema": "mesascope.evidence/6", "alpha": -Infinity}', "not a finite number"),
        *(
            ('{"schema": "mesascope.evidence/6", "a": ' + "[" * depth + "]" * depth + "}", "")
            for depth in range(900, 1001, 10)
        ),
    ],
)
def test_what_no_run_writes_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "strange.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(EvidenceError, match=rf"strange\.json.*{message}"):
        read_evidence(path)


def test_the_published_schema_is_that_of_what_is_read_and_written(file: Path) -> None:
    published = (ROOT / "docs" / "evidence.schema.json").read_text()
    assert published == schema_text(), "write it again: python -m evals.evidence.evidence_file"
    records = json.loads(published)["$defs"]
    data = json.loads(file.read_text())
    for kind, row in (
        ("Evidence", data),
        ("DetectorRates", data["columns"][0]),
        ("Cell", cell(data)),
        ("Limit", data["columns"][0]["limit"]),
        ("Rival", data["killers"][0]),
    ):
        record = records[kind]
        assert set(record["required"]) == set(record["properties"]) == set(row)
        assert record["additionalProperties"] is False
    assert records["Evidence"]["properties"]["schema"] == {"const": "mesascope.evidence/6"}
    counted = records["Cell"]["properties"]["detected"]
    assert counted == {"type": "integer", "minimum": 0, "maximum": 2**53}
    assert "admitted organisms flagged" in records["Cell"]["description"]


def sweep(*counts: SweepCount) -> Sweep:
    return Sweep("dose", "a" * 64, "2026-11-01", "2026-11-02", counts, {})


CORNER = SweepCount("maze/proxy_corner", "spontaneous", 20, 12, 9)


def test_a_sweep_reads_back_measures_both_probabilities_and_is_no_run(tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    one = sweep(CORNER, SweepCount("tree/leaf", "spontaneous", 10, 0, 0))
    write_evidence(one, path)
    assert read_evidence(path) == one
    with pytest.raises(EvidenceError, match="of kind 'sweep'; wanted that of a run"):
        read_suite_evidence(path)
    assert one.emergence is not None
    assert [(c.detected, c.of) for c in one.emergence.counts] == [(12, 20), (0, 10)]
    assert one.misaligned is not None
    assert [(c.detected, c.of) for c in one.misaligned.counts] == [(9, 12)]
    assert sweep(one.counts[1]).misaligned is None
