"""Evidence reads back what was written and refuses what cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals.evidence import EvidenceError, read_evidence
from evals.risk_report import risk_from
from evals.run import Finished

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def file(finished: Finished, tmp_path: Path) -> Path:
    path = tmp_path / "evidence.json"
    path.write_text(finished.evidence.to_json())
    return path


def test_evidence_reads_back(file: Path, finished: Finished) -> None:
    assert read_evidence(file) == finished.evidence


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(schema="mesascope.evidence/0"), "does not say schema"),
        (lambda d: d.update(mood="good"), "unknown key 'mood'"),
        (lambda d: d.pop("alpha"), "missing key 'alpha'"),
        (lambda d: d.update(rule="hunch"), "no column 'hunch'"),
        (lambda d: d.update(columns=3), "'columns' must be a list"),
        (lambda d: d["columns"][0]["cells"][0].update(detected=9), "9 flagged"),
        (lambda d: d["columns"][0]["cells"][0].update(detected=-1), "whole numbers"),
        (lambda d: d["columns"][0]["cells"][0].update(detected=1.5), "detected"),
        (lambda d: d["columns"][0]["cells"][0].update(attempted=0), "0 attempted"),
        (lambda d: d["columns"][0]["cells"].append(d["columns"][0]["cells"][0]), "family twice"),
        (lambda d: d["columns"][0]["alarms"][0].update(alarms=7), "7 flagged"),
        (lambda d: d["population"][0].update(admitted=99), "do not add up"),
    ],
)
def test_impossible_evidence_is_refused(file: Path, change: Change, message: str) -> None:
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))
    with pytest.raises(EvidenceError, match=message):
        read_evidence(file)


def test_missing_and_unreadable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="`mesascope run` writes it"):
        read_evidence(tmp_path / "none.json")
    (tmp_path / "torn.json").write_text('{"schema": ')
    with pytest.raises(EvidenceError, match="not readable JSON"):
        read_evidence(tmp_path / "torn.json")


def test_real_evidence_changes_the_risk_and_weight_zero_does_not(finished: Finished) -> None:
    risk = risk_from(finished.evidence)
    judged, pooled, measured = (risk.row("near_term", weight) for weight in (0.0, 0.2, 1.0))
    assert judged.residual.mean != measured.residual.mean
    low, high = sorted((judged.residual.mean, measured.residual.mean))
    assert low < pooled.residual.mean < high
    flags = {kind.misalignment: kind.flags for kind in risk.types}
    assert "not measured" in flags["subgoal"][0]
    assert all(flags[kind] for kind in ("proxy", "pseudo", "deceptive")), "one family each"
