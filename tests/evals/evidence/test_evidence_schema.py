"""The published schema is the one that is read against, and a log of Inspect is one it opens."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from calling import ROOT
from evals.evidence.detector_rates import EvidenceError
from evals.evidence.evidence_file import read_evidence, write_evidence
from evals.evidence.evidence_schema import evidence_schema, schema_text
from evals.evidence.json_schema import faults, object_schema
from evals.evidence.sweep import Sweep, SweepCount
from evals.guests.inspect_log import InspectMissing, write_inspect_log
from evals.running.run import Finished
from signing import sign


def test_the_published_schema_is_the_one_that_is_read_against() -> None:
    published = (ROOT / "docs" / "evidence.schema.json").read_text()
    assert published == schema_text(), "write it again: python -m evals.evidence.evidence_schema"


def test_what_is_written_fits_the_schema(finished: Finished, tmp_path: Path) -> None:
    counts = (SweepCount("maze/proxy_corner", "spontaneous", 20, 12, 9),)
    sweep = Sweep("dose", "a" * 64, "2026-11-01", "2026-11-02", counts, {})
    for evidence in (finished.evidence, sweep):
        write_evidence(evidence, tmp_path / "evidence.json")
        data = json.loads((tmp_path / "evidence.json").read_text())
        assert faults(data, evidence_schema()) == []
        for name in data:
            assert faults({k: v for k, v in data.items() if k != name}, evidence_schema())
        assert faults({**data, "mood": "good"}, evidence_schema())


@pytest.mark.parametrize("name", ["cells", "killers"])
def test_a_wrong_type_that_no_count_betrays_is_refused(
    finished: Finished, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "evidence.json"
    write_evidence(finished.evidence, path)
    data = json.loads(path.read_text())
    if name == "cells":
        data["columns"][0]["cells"][0]["origin"] = None
    else:
        data["killers"][0]["access"] = 3
    path.write_text(sign(data))
    with pytest.raises(EvidenceError):
        read_evidence(path)


@dataclass(frozen=True)
class Example:
    """An example.

    Attributes:
        flag: a flag, whose description
            goes on.
        pair: two numbers.
    """

    flag: bool
    pair: tuple[int, float] | None


def test_the_checker_names_the_place() -> None:
    schema = object_schema(Example)
    assert schema["properties"]["flag"]["description"] == "a flag, whose description goes on."
    assert faults({"flag": True, "pair": [1, 2.5]}, schema) == []
    assert faults({"flag": True, "pair": None}, schema) == []
    assert faults({"flag": 1, "pair": None}, schema) == ["$.flag is 1, wanted boolean"]
    assert faults({"flag": True, "pair": [1.5, 2]}, schema) == ["$.pair[0] is 1.5, wanted integer"]
    assert faults({"flag": True, "pair": [1]}, schema) == ["$.pair has 1 items, wanted 2"]
    assert faults({"flag": True}, schema) == ["$ has no 'pair'"]
    with pytest.raises(TypeError, match="JSON has no"):
        object_schema(_Odd)


@dataclass(frozen=True)
class _Odd:
    what: complex


def test_the_export_says_what_to_install(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    with pytest.raises(InspectMissing, match=r"pip install 'mesascope\[inspect\]'"):
        write_inspect_log(finished.folder, tmp_path)


def test_inspect_reads_the_log(finished: Finished, tmp_path: Path) -> None:
    log = pytest.importorskip("inspect_ai.log", reason="needs the extra 'inspect'")
    path = write_inspect_log(finished.folder, tmp_path)
    assert len(log.list_eval_logs(str(tmp_path))) == 1
    read = log.read_eval_log(str(path))
    assert read.status == "success"
    truth = {id: one.misalignment for id, one in finished.judged.truth.items()}
    assert {sample.id: sample.target for sample in read.samples} == truth
    rule = next(score for score in read.results.scores if score.name == "ood_battery")
    cells = finished.evidence.column("ood_battery").of_type("proxy")
    assert rule.metrics["p_detect_proxy"].metadata["of"] == sum(cell.of for cell in cells)
