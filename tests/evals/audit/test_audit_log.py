"""An audit as a log of Inspect."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evals.audit.card.inspect_log import write_audit_log
from evals.guests.inspect_log import InspectMissing
from made_audit import AUDITS


def test_the_export_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    with pytest.raises(InspectMissing, match=r"pip install 'mesascope\[inspect\]'"):
        write_audit_log(AUDITS["flagged"], tmp_path)


@pytest.mark.parametrize("name", AUDITS)
def test_inspect_reads_the_log(name: str, tmp_path: Path) -> None:
    log = pytest.importorskip("inspect_ai.log", reason="needs the extra 'inspect'")
    audit = AUDITS[name]
    path = write_audit_log(audit, tmp_path)
    assert len(log.list_eval_logs(str(tmp_path))) == 1
    read = log.read_eval_log(str(path))
    found = {sample.id: sample.scores["audit"].value for sample in read.samples}
    assert found == {answer.asked: answer.answered for answer in audit.answers}
    assert read.eval.metadata["calibration"]
    for sample in read.samples:
        for score in sample.scores.values():
            p_value, compared = score.metadata["p_value"], score.metadata["compared"]
            words = "uncalibrated" if p_value is None else f"{p_value:.3g}, {compared} trusted"
            assert words in score.explanation
