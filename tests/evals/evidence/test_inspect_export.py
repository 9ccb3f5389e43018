"""The evidence of a run as a log of Inspect."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evals.guests.inspect_log import InspectMissing, write_inspect_log
from evals.running.run import Finished


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
