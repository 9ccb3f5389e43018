"""The run that ships with the package is laid into an empty home, and its scores are today's."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from detect.declaration import declared
from detect.registry import load_detector
from evals.running import reference_run
from evals.running.reference_run import SCORED, place_reference_run
from evals.running.run import Finished, reopen
from evals.scoring.blind import Lineup
from evals.scoring.freeze import FreezeBroken
from evals.scoring.score_table import score_once, suspect_of
from evals.suite.home import Home
from evals.suite.suite_file import load_suite

CHEAP = ("in_distribution", "ood_battery", "goal_swap", "weight_norm")


@pytest.fixture(scope="module", params=SCORED)
def laid(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    home = Home(tmp_path_factory.mktemp("reference"))
    return reopen(load_suite(request.param), home)


@pytest.mark.slow
def test_it_opens_in_an_empty_home_and_is_marked_as_public(laid: Finished) -> None:
    assert laid.evidence.public == laid.suite.size == len(laid.judged.members)


@pytest.mark.parametrize("name", SCORED)
def test_its_scores_are_of_the_present_versions_of_every_detector(name: str) -> None:
    suite = load_suite(name)
    kept = json.loads(gzip.decompress((reference_run.SHIPPED / f"{name}.json.gz").read_bytes()))
    assert kept["suite_hash"] == suite.content_hash
    found: dict[str, set[str]] = {}
    for row in json.loads(kept["files"]["scores.json"]):
        found.setdefault(row["detector"], set()).add(row["key"])
    for detector in suite.detectors:
        key = declared(detector).score_key(suite.battery_seed, "cpu")
        assert found[detector] == {key}, f"{detector} must be scored again"


@pytest.mark.slow
def test_a_score_made_here_is_the_one_that_ships(laid: Finished) -> None:
    lineup = Lineup.read(laid.folder / "lineup")
    for name in CHEAP:
        kind = load_detector(name)
        shipped = laid.judged.rows[name][7]
        own = score_once(kind, suspect_of(lineup, shipped.suspect, kind.access, "cpu"), "")
        assert own.value == pytest.approx(shipped.value, rel=1e-4, abs=1e-4)


@pytest.mark.slow
def test_a_run_that_lies_there_is_left_alone(laid: Finished) -> None:
    home = Home(laid.folder.parents[1])
    assert not place_reference_run(laid.suite, home)


def test_a_run_of_another_suite_does_not_ship(tmp_path: Path) -> None:
    with pytest.raises(FreezeBroken, match="no frozen scores"):
        reopen(load_suite("smoke_fresh3"), Home(tmp_path))


@pytest.mark.slow
def test_changed_scores_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = json.loads(gzip.decompress((reference_run.SHIPPED / "maze.json.gz").read_bytes()))
    kept["files"]["scores.json"] = kept["files"]["scores.json"].replace("0.3", "0.4", 1)
    (tmp_path / "maze.json.gz").write_bytes(gzip.compress(json.dumps(kept).encode()))
    monkeypatch.setattr(reference_run, "SHIPPED", tmp_path)
    with pytest.raises(FreezeBroken, match="changed after the freeze"):
        reopen(load_suite("maze"), Home(tmp_path / "home"))
