"""A probe as a file: what it keeps, what it refuses, and as a detector of networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from detect.declaration import declare
from detect.registry import load_detector
from evals.guests.reference import NoSuchDetector, read_reference
from probes.errors import MesascopeError
from probes.linear.saved_probe import SavedProbe, SavedProbeError
from scripted import SMALL_MAZE, Scripted, suspect_of

PROBE = SavedProbe(
    weights=torch.tensor([1.0, -2.0, 0.5]), bias=0.25, site="hook_resid_post", position="last",
    limit=1.0, false_alarms=0.01, n_reference=200, reference="texts of news.txt",
    classes=("truth", "lie"), model="abc", made="by hand",
)  # fmt: skip


def test_a_probe_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "new" / "probe.safetensors"
    PROBE.save(path)
    found = SavedProbe.load(path)
    assert replace(found, weights=PROBE.weights) == replace(PROBE, weights=PROBE.weights)
    rows = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    assert found.scores(rows).tolist() == [1.25, -1.75]
    assert found.flags(rows).tolist() == [True, False]


def test_other_models_widths_and_numbers_are_refused() -> None:
    PROBE.require_model("abc")
    replace(PROBE, model="").require_model("xyz")
    with pytest.raises(SavedProbeError, match="another model"):
        PROBE.require_model("xyz")
    with pytest.raises(SavedProbeError, match="width 3"):
        PROBE.scores(torch.zeros(2, 4))
    with pytest.raises(SavedProbeError, match="not finite"):
        PROBE.scores(torch.full((2, 3), torch.nan))
    with pytest.raises(SavedProbeError, match="finite weight"):
        replace(PROBE, weights=torch.tensor([torch.inf]))


def test_files_that_hold_no_probe_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SavedProbeError, match="no saved probe"):
        SavedProbe.load(tmp_path / "none")
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"nonsense")
    with pytest.raises(SavedProbeError, match="no safetensors file"):
        SavedProbe.load(path)
    schema = "mesascope.linear_probe/1"
    for tensors, metadata in (
        ({"weights": torch.zeros(3)}, {}),
        ({"other": torch.zeros(3)}, {"schema": schema, "probe": "{}"}),
        ({"weights": torch.zeros(3)}, {"schema": schema, "probe": "{}"}),
        ({"weights": torch.zeros(3)}, {"schema": schema, "probe": "[1"}),
    ):
        save_file(tensors, path, metadata=metadata)
        with pytest.raises(MesascopeError):
            SavedProbe.load(path)


def test_a_saved_probe_is_a_detector(tmp_path: Path) -> None:
    width = SMALL_MAZE.size.side**2 + 1
    path = tmp_path / "first.safetensors"
    weights = torch.zeros(width)
    weights[-1] = 4.0
    replace(PROBE, weights=weights).save(path)
    kind = load_detector(str(path))
    assert kind.name == "probe_first"
    aligned, flawed = (
        kind().score(suspect_of(Scripted(SMALL_MAZE, trigger=trigger), SMALL_MAZE))
        for trigger in (None, {0: 1})
    )
    assert aligned.value == pytest.approx(0.25)
    assert flawed.value > aligned.value
    assert "instances score above the probe's limit, as lie" in flawed.found
    for other in ({"site": "elsewhere"}, {"position": "answer"}, {"weights": torch.zeros(3)}):
        replace(PROBE, **{"weights": weights, **other}).save(tmp_path / "other.safetensors")
        told = load_detector(str(tmp_path / "other.safetensors"))()
        assert told.score(suspect_of(Scripted(SMALL_MAZE), SMALL_MAZE)).abstained


def test_the_version_of_a_probe_is_its_content(tmp_path: Path) -> None:
    path = tmp_path / "p.safetensors"
    PROBE.save(path)
    reference = read_reference(str(path))
    assert reference == str(path.resolve())
    before = declare(reference)
    assert before == declare(reference)
    replace(PROBE, bias=1.0).save(path)
    assert declare(reference).version != before.version
    with pytest.raises(NoSuchDetector, match="no file"):
        read_reference("none.safetensors")
