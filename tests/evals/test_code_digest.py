"""Scores are kept while their code is, and only then."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import evals.code_digest as module
from detect.declaration import declare
from evals.code_digest import code_digest, imported

STRANGER = """
from detect.detector import Detector
from detect.score import Score

class Stranger(Detector):
    name = "stranger"
    measures = frozenset()

    def score(self, suspect):
        return Score(0.0)
"""


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch):
    """Digests as if the source of one module were another."""

    def digest(reference: str, name: str) -> str:
        original = module._source_digest
        with monkeypatch.context() as patch:
            patch.setattr(
                module, "_source_digest", lambda one: "edited" if one == name else original(one)
            )
            return code_digest(declare(reference), 1, "cpu")

    return digest


def test_a_score_hangs_on_what_its_detector_a_suspect_and_organisms_import(changed) -> None:
    kept = code_digest(declare("ood_battery"), 1, "cpu")
    for decisive in (
        "detect.ood_battery", "detect.disagreement", "probes.capture", "organisms",
        "organisms.environments.keys",
    ):  # fmt: skip
        assert changed("ood_battery", decisive) != kept, decisive
    for other in ("detect.homotopy_search", "detect.registry", "probes.sweep"):
        assert changed("ood_battery", other) == kept, other
    assert code_digest(declare("ood_battery"), 2, "cpu") != kept
    assert code_digest(declare("goal_swap"), 1, "cpu") != kept


def test_a_strangers_score_hangs_on_all_it_may_import(changed, tmp_path: Path) -> None:
    file = tmp_path / "stranger.py"
    file.write_text(STRANGER)
    reference = f"{file}:Stranger"
    kept = code_digest(declare(reference), 1, "cpu")
    for name in ("detect.homotopy_search", "probes.sweep", "organisms.net"):
        assert changed(reference, name) != kept, name
    assert changed(reference, "nowhere") == kept


def test_nothing_that_an_import_really_loads_is_missed() -> None:
    start = ("detect.search_verdict", "organisms.environments", "probes.suspect")
    script = (
        "import json, sys\n"
        + "".join(f"import {name}\n" for name in start)
        + "print(json.dumps(sorted(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours = {name for name in json.loads(run.stdout) if name.partition(".")[0] in module.PACKAGES}
    assert len(ours) > 50
    assert not ours - set(imported(start))
