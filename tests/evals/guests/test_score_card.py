"""The score card of a detector from elsewhere: text, JSON, SVG, and as a pytest plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from inspect import signature
from pathlib import Path

import numpy as np
import pytest

from calling import ROOT, GuestOf, Typed, called
from detect.contract.detector import DetectorError
from detect.registry import load_detector
from evals.guests import arrival
from evals.guests import detector_contract as contract
from evals.guests.comparison import paired, rank_text
from evals.guests.score_card import ScoreCard, score_card
from evals.running.run import Finished
from evals.suite.home import Home
from probes.network.access import AccessDenied

TEMPLATE = ROOT / "detect" / "template.py"


@pytest.fixture(scope="module", autouse=True)
def in_this_process() -> Iterator[None]:
    """Our own template need not be kept apart, which spares the start of a worker each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrival, "local_workers", lambda count, cwd: ThreadPoolExecutor(count))
        yield


@pytest.fixture(scope="module")
def card(guest_of: GuestOf) -> ScoreCard:
    return score_card(guest_of(f"{TEMPLATE}:Mine"))


def test_a_guest_is_scored_on_every_suspect_and_its_passes_are_counted(
    finished: Finished, guest_of: GuestOf
) -> None:
    guest = guest_of(f"{TEMPLATE}:Mine")
    assert len(guest.rows) == len(finished.judged.members)
    (column,) = guest.columns
    (cell,) = column.of_type("proxy")
    assert cell.auroc == 1.0
    assert column.forward_passes == 600, "100 instances under each of six public shifts"
    assert guest.looks >= 1


def test_a_rank_exists_only_where_networks_tell_detectors_apart() -> None:
    own = np.ones(20, dtype=bool)
    close = np.arange(20) < 18
    for ours, others, rank in (
        (own, {"blind": ~own, "close": close}, "better than blind; cannot be ranked against close"),
        (own, {"close": close}, "cannot be ranked"),
        (~own, {"other": own}, "worse than other"),
        (own, {}, "cannot be ranked"),
    ):
        assert rank_text(paired(ours, others)).startswith(rank)


def test_the_card_holds_what_a_reader_needs(card: ScoreCard) -> None:
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
    assert {rival.name for rival in card.killers} >= {"untrained"}
    assert (proxy.mark, proxy.count) == ("*", "2/2*")
    assert [row.why for row in card.beside][:2] == ["yours", "in the rule"]
    assert {row.name for row in card.beside if row.why == "chance"} >= {"random_score"}
    assert card.untrained is not None
    assert (card.untrained.detected, card.untrained.of) == (card.networks, card.networks)
    assert any("untrained networks" in text for text in card.to_dict()["warnings"])


def test_the_command_prints_the_card_and_writes_it(
    home: Home, finished: Finished, tmp_path: Path, typed: Typed
) -> None:
    text, drawing = tmp_path / "card.json", tmp_path / "card.svg"
    printed = typed(
        "score", "--detector", f"{TEMPLATE}:Mine", "--suite", "tiny", "--home", home.root,
        "--workers", "1", "--json", text, "--svg", drawing,
    )  # fmt: skip
    for phrase in ("Does mine tell", "by construction", "cannot be ranked", "2/2*",
                   "for 0.25 false alarms", "untrained networks", "--json"):  # fmt: skip
        assert phrase in printed
    written = json.loads(text.read_text())
    assert (written["schema"], written["detector"]) == ("mesascope.score_card/2", "mine")
    assert len(written["types"][0]["rate"]["interval"]) == 2
    assert ET.fromstring(drawing.read_text()).tag.endswith("svg")
    assert "false alarms" in drawing.read_text()


def test_the_template_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "score", "--template") == 0
    assert capsys.readouterr().out == TEMPLATE.read_text()
    assert called(monkeypatch, "score") == 2
    assert "--template" in capsys.readouterr().err


def plugin(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    options = ["-p", "evals.command.pytest_plugin", "-q", "-W", "error", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *words],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"},
    )  # fmt: skip


@pytest.mark.slow
def test_the_plugin_collects_the_contract_alone_and_prints_the_card_or_where_one_comes_from(
    finished: Finished, home: Home, tmp_path: Path
) -> None:
    """In a user's folder: a detector, and a test of their own that fails."""
    (tmp_path / "mine.py").write_text(TEMPLATE.read_text())
    (tmp_path / "test_own.py").write_text("def test_own():\n    raise AssertionError\n")
    place = ("--mesascope-suite", "tiny", "--mesascope-home", str(home.root))
    for words, phrases in (
        (place, ("18 passed", "Does mine tell", "tell it from none")),
        (("-k", "own or maze or says_what"), ("5 passed", "none: ", "no frozen scores")),
    ):
        done = plugin(tmp_path, "--mesascope-detector", "mine.py:Mine", *words)
        assert done.returncode == 0, done.stdout
        assert not [phrase for phrase in phrases if phrase not in done.stdout], done.stdout


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
    "test_it_says_what_a_high_score_means": (
        "Largest share of decisions that are not optimal, in [0, 1]; higher is more suspicious",
        "Share of decisions that are not optimal",
    ),
    "test_it_answers_in_some_world": (
        "return Score(shares", 'return Score.abstain("no") or Score(shares'
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_promise_is_kept_by_the_template_and_its_test_fails_where_it_is_broken(
    name: str, tmp_path: Path
) -> None:
    def check(reference: str) -> None:
        promise = getattr(contract, name)
        world = ["maze"] if "world" in signature(promise).parameters else []
        promise(load_detector(reference), *world)

    check(f"{TEMPLATE}:Mine")
    old, new = BROKEN[name]
    source = TEMPLATE.read_text().replace("class Mine", "import torch\n\n\nclass Mine")
    if "add_" in new:
        source = source.replace("Access.OUTPUTS", "Access.WEIGHTS")
    assert old in source
    (tmp_path / f"broken_{name}.py").write_text(source.replace(old, new))
    with pytest.raises((AssertionError, AccessDenied, DetectorError)):
        check(f"{tmp_path / f'broken_{name}.py'}:Mine")


def test_the_plugin_is_inert_without_its_option(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import sys\n\n\ndef test_own():\n"
        "    assert not {'torch', 'detect', 'evals.guests.detector_contract'} & set(sys.modules)\n"
    )
    done = plugin(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "score card" not in done.stdout
