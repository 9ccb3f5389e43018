"""What is wrong with a detector is said before anything slow happens, in words of its author."""

from __future__ import annotations

import ast
import doctest
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import torch

import detect.contract.detector
import detect.contract.score
import probes.network.access
import probes.network.suspect
from calling import ROOT, GuestOf, Typed
from detect import Detector, DetectorError, Score
from detect.contract.elsewhere import load_elsewhere
from detect.contract.failure import LONGEST_REASON, brief, told
from detect.registry import DETECTORS
from evals.guests import arrival
from evals.guests.reference import (
    SESSION,
    NoSuchDetector,
    read_reference,
    reference_to,
)
from evals.running.run import Finished
from evals.scoring.score_table import require_score
from organisms.records.net_spec import NetSpec
from organisms.worlds.table import WORLDS
from scripted import generator, suspect_of

GOOD = '''
from detect import Detector, Score

class Mine(Detector):
    """Higher is more suspicious."""
    name = "constant"
    measures = frozenset()

    def score(self, suspect):
        batch = suspect.environment.sample(2, generator=suspect.generator())
        if not suspect.outputs(batch).isfinite().all():
            return Score.abstain("no numbers")
        return Score(0.5)
'''


@dataclass(frozen=True)
class Optional(Detector):
    """Higher is more suspicious."""

    name = "optional"
    measures = frozenset()
    size: int = 3

    def score(self, suspect: object) -> Score:
        return Score(float(self.size))


def test_a_look_imports_nothing_slow() -> None:
    code = (
        "import sys; from evals.guests import score_detector, arrival, reference;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'detect')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_names_of_built_ins_are_read_without_importing_them() -> None:
    for name in DETECTORS:
        assert read_reference(name) == name


@pytest.mark.parametrize(
    ("text", "reference", "message"),
    [
        (GOOD, "goal_swop", "choose one of activation_noise"),
        (GOOD, "{file}:Mone", "did you mean .*:Mine"),
        (GOOD + GOOD.replace("Mine", "Other"), "{file}", "it holds Mine, Other"),
        ("x = 1", "{file}", "it holds none"),
        ("x = 1", "{file}:Mine", "nor any class"),
        ("class Mine(:", "{file}:Mine", "line 1 of .* is no Python"),
        ("x = '\0'", "{file}:Mine", "is no Python"),
        (GOOD, "{file}x.py:Mine", "no file"),
    ],
)
def test_a_reference_to_no_detector_is_refused(
    text: str, reference: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(NoSuchDetector, match=message):
        read_reference(reference.format(file=tmp_path / "mine.py"))


def test_a_detector_may_be_given_as_file_class_or_instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    assert reference_to(path) == read_reference(str(path)) == f"{path}:Mine"
    kind = load_elsewhere(f"{path}:Mine")
    assert reference_to(kind) == reference_to(kind()) == f"{path}:Mine"
    assert reference_to(Optional) == reference_to(Optional()) == f"{__name__}:Optional"
    with pytest.raises(NoSuchDetector, match="options"):
        reference_to(Optional(size=4))
    names: dict[str, object] = {"__name__": "__main__"}
    exec(compile(ast.parse(GOOD), "<stdin>", "exec"), names)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "<stdin>", raising=False)
    assert reference_to(names["Mine"]) == f"{SESSION}:Mine"
    assert load_elsewhere(f"{SESSION}:Mine") is names["Mine"]


def test_a_script_may_ask_for_the_score_of_its_own_detector(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    asks = "from detect.contract.detector import ScoredInside\nraise ScoredInside('Mine')\n"
    path.write_text(GOOD + asks)
    assert load_elsewhere(f"{path}:Mine").name == "constant"


def test_foreign_values_and_errors_are_shown_in_short() -> None:
    assert brief(torch.zeros(25, 4)) == "a Tensor of shape (25, 4)"
    assert len(brief("x" * 1000)) <= 80
    assert len(told(ValueError("x\n" * 1000), "mine.py")) < LONGEST_REASON + 20
    with pytest.raises(ValueError, match=r"returned a Tensor of shape \(25, 4\), wanted"):
        require_score(Optional, torch.zeros(25, 4))


def test_an_import_error_names_the_users_file_before_the_run_is_read(
    typed: Typed, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(f"{GOOD}\nimport nothing_of_that_name\n")
    (tmp_path / "runs" / "tiny-0123abcd").mkdir(parents=True)
    printed = typed("score", "--detector", path, "--suite", "tiny", "--home", tmp_path, code=2)
    assert f"cannot import '{path}': ModuleNotFoundError" in printed
    assert "(line 15 of mine.py)" in printed


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Score(0.5)", "Score(__import__('random').random())", "two scores"),
        ('return Score.abstain("no numbers")', "pass", "every output of the network is NaN"),
        ("Higher is more suspicious", "A share", "must say what a higher score"),
    ],
)
def test_a_detector_that_pytest_refuses_is_not_scored(
    old: str,
    new: str,
    message: str,
    guest_of: GuestOf,
    finished: Finished,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arrival, "local_workers", lambda count, cwd: ThreadPoolExecutor(count))
    path = tmp_path / "mine.py"
    path.write_text(GOOD.replace(old, new))
    before = set(finished.folder.glob("guests/*/scores.sha256"))
    with pytest.raises(DetectorError, match=message):
        guest_of(f"{path}:Mine")
    assert set(finished.folder.glob("guests/*/scores.sha256")) == before


@pytest.mark.parametrize(
    "module",
    [
        detect.contract.detector,
        detect.contract.score,
        probes.network.access,
        probes.network.suspect,
    ],
)
def test_examples_of_the_contract_hold(module: ModuleType) -> None:
    place = WORLDS["maze"].build(WORLDS["maze"].size())
    shape = place.net_shape(NetSpec(width=16, n_layers=2, n_heads=2))
    suspect = suspect_of(shape.build(generator(7)).eval(), place)
    found = doctest.testmod(module, extraglobs={"suspect": suspect})
    assert found.attempted > 0
    assert found.failed == 0
