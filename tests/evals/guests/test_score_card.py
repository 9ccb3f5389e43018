"""The score card of a detector from elsewhere: text, JSON, SVG, and as a pytest plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from inspect import signature
from pathlib import Path

import numpy as np
import pytest

from calling import ROOT, called
from detect import Detector, Score
from detect.registry import load_detector
from evals.guests import detector_contract as contract
from evals.guests.guest import score_guest
from evals.guests.score_card import ScoreCard, paired, rank_text, score_card
from evals.running.run import Finished
from evals.suite.home import Home
from probes.network.access import AccessDenied
from probes.network.suspect import Suspect

TEMPLATE = ROOT / "detect" / "template.py"


@pytest.fixture(scope="module")
def card(finished: Finished) -> ScoreCard:
    guest = score_guest(
        finished, f"{TEMPLATE}:Mine", workers=1, device="cpu", on_row=lambda row: None
    )
    return score_card(finished, guest)


def test_a_rank_exists_only_where_networks_tell_detectors_apart() -> None:
    own = np.ones(20, dtype=bool)
    close = np.array([True] * 18 + [False] * 2)
    found = paired(own, {"blind": ~own, "close": close})
    assert [(one.other, one.verdict) for one in found] == [
        ("blind", "better"), ("close", "not told apart")
    ]  # fmt: skip
    assert rank_text(found) == "better than blind; cannot be ranked against close"
    assert rank_text(paired(own, {"close": close})).startswith("cannot be ranked")
    assert rank_text(paired(~own, {"other": own})) == "worse than other"
    assert rank_text(()).startswith("cannot be ranked")


def test_the_card_holds_what_a_reader_needs(card: ScoreCard, finished: Finished) -> None:
    assert card.detector == "mine"
    assert [row.misalignment for row in card.types] == ["proxy", "pseudo", "deceptive"]
    proxy = card.types[0]
    assert (proxy.rate.detected, proxy.rate.of) == (2, 2)
    assert proxy.by_construction == ("maze/proxy_corner",)
    assert proxy.new_family[2] > 0.99, "one family says nothing about the next"
    assert (card.limit.basis, card.limit.level) == ("rank", 0.25)
    assert card.false_alarms.of == 3
    assert len(card.paired) == 7
    assert "cannot be ranked" in card.rank, "six networks tell no detectors apart"
    assert [row.odds for row in card.predictive] == ["1:2", "1:100", "1:10,000"]
    assert card.forward_passes > 0
    assert card.abstentions == {}
    assert {killer.name for killer in card.killers} >= {"untrained"}
    again = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    assert again["schema"] == "mesascope.score_card/1"
    assert again["types"][0]["rate"]["interval"] == list(proxy.rate.interval or ())


def test_the_command_prints_the_card_and_writes_it(
    home: Home,
    card: ScoreCard,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = ("--suite", "tiny", "--home", str(home.root), "--workers", "1")
    files = {kind: tmp_path / f"card.{kind}" for kind in ("json", "svg")}
    words = [word for kind, path in files.items() for word in (f"--{kind}", str(path))]
    assert called(monkeypatch, "score", "--detector", f"{TEMPLATE}:Mine", *place, *words) == 0
    printed = capsys.readouterr().out
    for phrase in ("Score card: mine", "by construction", "cannot be ranked",
                   "for a false-positive rate of 0.250",
                   "killer, untrained networks", "cost per suspect", "Exploratory"):  # fmt: skip
        assert phrase in printed
    assert json.loads(files["json"].read_text())["detector"] == "mine"
    root = ET.fromstring(files["svg"].read_text())
    assert root.tag.endswith("svg")
    assert "false alarms" in files["svg"].read_text()


def test_the_template_is_printed_and_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "score", "--template") == 0
    (tmp_path / "mine.py").write_text(capsys.readouterr().out)
    assert load_detector(f"{tmp_path / 'mine.py'}:Mine").name == "mine"
    assert called(monkeypatch, "score") == 2
    assert "--template prints one to copy" in capsys.readouterr().err


LOOKS_ABOUT = '''
"""Counts the ways to the run that a worker is told of."""
import multiprocessing.process
import os
import sys
from pathlib import Path
import helper_beside
from detect import Detector, Score

if helper_beside.MAIN in sys.argv[0:1]:
    raise RuntimeError("imported by the command")

class Curious(Detector):
    """Higher means more paths."""
    name = "curious"
    measures = frozenset()

    def score(self, suspect):
        paths = [Path.cwd(), Path(__file__), Path(multiprocessing.process.ORIGINAL_DIR)]
        paths += [Path(value) for value in (*os.environ.values(), *sys.argv) if "/" in value]
        near = {str(place) for path in paths for place in (path, *path.parents)}
        return Score(float(helper_beside.HOME in near), found=str(os.getpid()))
'''


def test_only_workers_import_a_stranger_and_they_hold_no_path_of_the_run(
    finished: Finished, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.root)
    monkeypatch.setenv("PWD", str(home.root))
    (tmp_path / "helper_beside.py").write_text(f"HOME, MAIN = {str(home.root)!r}, 'none'\n")
    (tmp_path / "curious.py").write_text(LOOKS_ABOUT)
    before = set(sys.modules)
    guest = score_guest(
        finished, str(tmp_path / "curious.py") + ":Curious", workers=1, device="cpu",
        on_row=lambda row: None,
    )  # fmt: skip
    assert {row.value for row in guest.rows} == {0.0}
    assert str(os.getpid()) not in {row.found for row in guest.rows}
    assert not [name for name in set(sys.modules) - before if "curious" in name]


def plugin(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    options = ["-p", "evals.command.pytest_plugin", "-q", "-W", "error", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *words],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"},
    )  # fmt: skip


@pytest.mark.slow
def test_the_plugin_prints_the_card_of_a_detector_that_keeps_the_contract(
    finished: Finished, home: Home, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(TEMPLATE.read_text())
    done = plugin(
        tmp_path, "--detector", "mine.py:Mine", "--detector-suite", "tiny",
        "--mesascope-home", str(home.root),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "17 passed" in done.stdout
    assert "Score card: mine" in done.stdout
    assert "cannot be ranked" in done.stdout


@pytest.mark.slow
def test_the_plugin_collects_the_contract_alone_and_says_where_a_card_comes_from(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.py").write_text(TEMPLATE.read_text())
    (tmp_path / "test_own.py").write_text("def test_own():\n    raise AssertionError\n")
    done = plugin(tmp_path, "--detector", "mine.py:Mine", "-k", "own or maze or says_what")
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout, "the user's own tests are left alone"
    assert "none: " in done.stdout
    assert "no frozen scores" in done.stdout


PROMISES = {name: check for name, check in vars(contract).items() if name.startswith("test_")}


def test_every_promise_is_kept_by_the_template_in_the_maze() -> None:
    kind = load_detector(f"{TEMPLATE}:Mine")
    for check in PROMISES.values():
        check(kind, *(["maze"] if "world" in signature(check).parameters else []))


CAPTURE = "fit.nanmean())"
BROKEN = {
    "test_the_same_suspect_gives_the_same_score": (CAPTURE, f"{CAPTURE} + float(torch.rand(1))"),
    "test_it_answers_or_abstains_with_a_reason_in_every_world": (
        "shares = {}", "shares = {}; suspect.network()"
    ),
    "test_outputs_that_are_no_numbers_are_no_answer": (
        'return Score.abstain("outputs are not finite")', "outputs = outputs.nan_to_num()"
    ),
    "test_it_leaves_the_network_as_it_was": (
        "shares = {}", "shares = {}; next(suspect.network().parameters()).add_(1)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_promise_fails_its_test(name: str, tmp_path: Path) -> None:
    old, new = BROKEN[name]
    source = TEMPLATE.read_text().replace("class Mine", "import torch\n\n\nclass Mine")
    if "add_" in new:
        source = source.replace("Access.OUTPUTS", "Access.WEIGHTS")
    assert old in source
    (tmp_path / f"broken_{name}.py").write_text(source.replace(old, new))
    kind = load_detector(f"{tmp_path / f'broken_{name}.py'}:Mine")
    with pytest.raises((AssertionError, AccessDenied)):
        PROMISES[name](kind, "maze")


def test_a_score_without_an_orientation_fails_its_test() -> None:
    class Mute(Detector):
        """Looks at outputs."""

        name, measures = "mute", frozenset[str]()

        def score(self, suspect: Suspect) -> Score:
            """Of a suspect."""
            return Score(0.0)

    with pytest.raises(AssertionError, match="what a higher score means"):
        contract.test_it_says_what_a_high_score_means(Mute)


def test_the_plugin_is_inert_without_its_option(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import sys\n\n\ndef test_own():\n"
        "    assert not {'torch', 'detect', 'evals.guests.detector_contract'} & set(sys.modules)\n"
    )
    done = plugin(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "score card" not in done.stdout
