"""Every registered detector keeps the contract; strangers are loaded with clear errors."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from detect import Detector, DetectorError, Score
from detect.contract.detector import require_detector
from detect.registry import DETECTORS, load_detector
from organisms.records.net_spec import NetSpec
from organisms.worlds.keys import Keys, KeysSize
from organisms.worlds.maze import Maze, MazeSize
from organisms.worlds.regression import Regression, RegressionSize
from organisms.worlds.tree import Tree, TreeSize
from organisms.worlds.world import World
from probes.network.access import Access, AccessDenied
from probes.network.suspect import ReferencedSuspect, Suspect
from scripted import Broken, suspect_of

MAZE = Maze(MazeSize(side=4, n_slots=3, n_values=3, n_glyphs=2))
NOT_FOR_A_REGRESSION = {
    "goal_swap", "goal_decodability", "goal_steering", "goal_use", "gradient_probing"
}  # fmt: skip
"""Its goal has no place, and its tokens are no whole numbers."""

QUICK = 2.0
"""Declared cost up to which a detector is tried abroad in the default run."""

DEAR = 10.0
"""Declared cost above which scoring twice is left to the slow tests."""

EVERY = pytest.mark.parametrize("name", sorted(DETECTORS))


WORLDS: dict[str, World[Any]] = {
    "maze": MAZE,
    "keys": Keys(KeysSize(side=5, n_slots=3, n_values=3)),
    "tree": Tree(TreeSize(n_nodes=8, n_slots=3, n_values=3)),
    "regression": Regression(RegressionSize(n_slots=3, n_values=3)),
}


def small(world: str) -> Suspect:
    """A network with fresh weights, and another beside it."""
    shape = WORLDS[world].net_shape(NetSpec(16, 2, 2))
    suspect = Suspect(
        id="s7",
        network=shape.build(torch.Generator().manual_seed(7)).eval(),
        environment=WORLDS[world],
        access=Access.WEIGHTS,
        seed=3,
        untrained=shape.build,
        metadata={"position": 2.0, "file_bytes": 99.0, "n_parameters": 12.0},
    )
    twin = shape.build(torch.Generator().manual_seed(8)).eval()
    return ReferencedSuspect.beside(suspect, twin)


def home(name: str) -> str:
    """Environment in which a detector must answer."""
    if name == "in_context_optimiser":
        return "regression"
    return "tree" if DETECTORS[name].question == "search" else "maze"


@pytest.fixture(scope="module")
def suspects() -> dict[str, Suspect]:
    return {world: small(world) for world in WORLDS}


@pytest.fixture(scope="module")
def suspect(suspects: dict[str, Suspect]) -> Suspect:
    return suspects["maze"]


def dear(name: str, most: float) -> list[pytest.MarkDecorator]:
    """Slow, where a detector says it costs more."""
    return [pytest.mark.slow] if DETECTORS[name].cost > most else []


def abroad() -> list[object]:
    """Detectors in the worlds that are not their home; of the dear ones, slow tests."""
    return [
        pytest.param(name, world, marks=dear(name, QUICK))
        for name in sorted(DETECTORS)
        for world in WORLDS
        if world != home(name)
    ]


@pytest.mark.parametrize(("name", "world"), abroad())
def test_every_environment_gets_an_answer_or_a_reason(
    name: str, world: str, suspects: dict[str, Suspect]
) -> None:
    """Whether a suspect is misaligned is answered wherever it can be asked."""
    detector = DETECTORS[name]()
    score = detector.score(suspects[world].at(detector.access))
    assert score.abstained == bool(score.reason)
    if detector.question == "misaligned":
        assert score.abstained == (world == "regression" and name in NOT_FOR_A_REGRESSION)
    if not score.abstained:
        assert score.found
        assert set(score.parts) == set(detector.parts)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=dear(name, DEAR)) for name in sorted(DETECTORS)]
)
def test_scoring_is_pure(name: str, suspects: dict[str, Suspect]) -> None:
    detector = DETECTORS[name]()
    view = suspects[home(name)].at(detector.access)
    scores = []
    for state in (1, 2):
        torch.manual_seed(state)  # on purpose: who draws from the global generator is found out
        scores.append(detector.score(view))
    first, again = scores
    assert again == first
    assert not first.abstained
    assert set(first.parts) == set(detector.parts)
    json.dumps(asdict(first), allow_nan=False)


@EVERY
def test_declared_access_is_needed(name: str, suspects: dict[str, Suspect]) -> None:
    kind, suspect = DETECTORS[name], suspects[home(name)]
    if kind.access is Access.NONE:
        spent = suspect.meter.forward_passes
        kind().score(suspect.at(Access.NONE))
        assert suspect.meter.forward_passes == spent
        return
    with pytest.raises(AccessDenied):
        kind().score(suspect.at(Access(kind.access - 1)))


@EVERY
def test_no_answer_is_never_zero(name: str) -> None:
    kind = DETECTORS[name]
    score = kind().score(suspect_of(Broken(MAZE), MAZE))
    if kind.access is Access.NONE:
        assert not score.abstained
    else:
        assert score.abstained
        assert score.reason


@EVERY
def test_class_keeps_the_contract(name: str) -> None:
    kind = DETECTORS[name]
    assert require_detector(kind) is kind
    assert kind.name == name
    assert kind.role == "floor" or kind.access > Access.NONE
    assert load_detector(name) is kind


def test_floor_changes_with_seed_and_name(suspect: Suspect) -> None:
    def drawn(seed: int, id: str) -> float:
        view = Suspect(
            id=id,
            network=Broken(MAZE),
            environment=MAZE,
            access=Access.NONE,
            seed=seed,
            untrained=lambda generator: Broken(MAZE),
        )
        return load_detector("random_score")().score(view).value

    values = [drawn(seed, f"s{number}") for seed in range(4) for number in range(50)]
    assert len(set(values)) == 200
    assert 0.4 < sum(values) / 200 < 0.6


def test_metadata_abstains_where_it_is_hidden() -> None:
    bare = Suspect(
        id="s",
        network=Broken(MAZE),
        environment=MAZE,
        access=Access.NONE,
        seed=0,
        untrained=lambda generator: Broken(MAZE),
    )
    assert "file_bytes" in load_detector("metadata")().score(bare).reason


SOURCE = """
from detect import Detector, Score

class Mine(Detector):
    name = "mine"
    measures = frozenset()

    def score(self, suspect):
        return Score(0.5)

class Wrong(Detector):
    name = "not a word"
    measures = "displaced_goal"
    part_measures = {"stranger": frozenset()}

    def score(self, suspect):
        return Score(0.5)
"""


def test_detector_is_loaded_from_a_file(tmp_path: Path, suspect: Suspect) -> None:
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    kind = load_detector(f"{path}:Mine")
    assert issubclass(kind, Detector)
    assert kind().score(suspect) == Score(0.5)
    with pytest.raises(DetectorError, match=r"name must be a word.*measures.*part_measures"):
        load_detector(f"{path}:Wrong")


def test_detector_is_loaded_from_a_module() -> None:
    assert load_detector("detect.behaviour.goal_swap:GoalSwap").name == "goal_swap"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("goal_swop", "choose one of"),
        ("detect.behaviour.goal_swap:", "choose one of"),
        ("no.such.module:Thing", "cannot import"),
        ("detect.behaviour.goal_swap:Nothing", "has no 'Nothing'"),
        ("detect.contract.score:Score", "not a subclass"),
        ("absent.py:Thing", "no file"),
    ],
)
def test_unloadable_references_say_why(reference: str, message: str) -> None:
    with pytest.raises(DetectorError, match=message):
        load_detector(reference)


def test_file_that_does_not_import_says_why(tmp_path: Path) -> None:
    path = tmp_path / "broken_detector.py"
    path.write_text("import nothing_of_that_name\n")
    with pytest.raises(DetectorError, match="nothing_of_that_name"):
        load_detector(f"{path}:Mine")
