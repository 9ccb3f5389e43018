"""A scan of texts as a log of Inspect."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from evals.guests.inspect_log import InspectMissing
from evals.guests.probe_log import write_probe_log
from evals.studies.probing.text_reading import TextReading

KEPT = Path(__file__).parents[3] / "docs" / "results" / "texts.probe.json"


def kept() -> TextReading:
    data = json.loads(KEPT.read_text(encoding="utf-8"))
    fields = {field.name for field in dataclasses.fields(TextReading)}
    return TypeAdapter(TextReading).validate_python({k: data[k] for k in data if k in fields})


def test_the_export_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    with pytest.raises(InspectMissing, match=r"pip install 'mesascope\[inspect\]'"):
        write_probe_log(kept(), tmp_path)


def test_inspect_reads_the_log(tmp_path: Path) -> None:
    log = pytest.importorskip("inspect_ai.log", reason="needs the extra 'inspect'")
    reading = kept()
    read = log.read_eval_log(str(write_probe_log(reading, tmp_path)))
    assert len(read.samples) == len(reading.cells)
    metrics = read.results.scores[0].metrics
    assert metrics["auroc"].value == reading.auroc.value
    assert metrics["auroc"].metadata["groups"] == reading.auroc.groups
