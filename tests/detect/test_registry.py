"""Every registered detector keeps the contract; strangers are loaded with clear errors."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch

from detect import DetectorError, Score, declaration
from detect.behaviour.ood_battery import OodBattery
from detect.contract.detector import require_detector
from detect.declaration import declare
from detect.registry import DETECTORS, load_detector
from organisms.records.net_spec import NetSpec
from organisms.worlds.language.base import BASE_NET
from organisms.worlds.table import WORLDS
from probes.network.access import Access, AccessDenied
from probes.network.suspect import ReferencedSuspect, Suspect
from scripted import SMALL_MAZE, Broken, generator, suspect_of

NOT_FOR_A_REGRESSION = {
    "goal_swap", "goal_decodability", "goal_steering", "goal_use", "gradient_probing"
}  # fmt: skip
"""Its goal has no place, and its tokens are no whole numbers."""

AT_HOME_IN_LANGUAGE = {"model_diffing", "fact_and_claim", "deception_probe"}
"""Elsewhere no user claims anything, and networks share no base."""

QUICK = 2.0
"""Declared cost up to which a detector is tried abroad in the default run."""

DEAR = 2.0
"""Declared cost above which scoring twice is left to the slow tests."""

EVERY = pytest.mark.parametrize("name", sorted(DETECTORS))

SMALL = {"maze": {"side": 4, "n_glyphs": 2}, "keys": {"side": 5}, "tree": {"n_nodes": 8}}
"""World -> its size, beside fewer slots and values."""


@cache
def small(world: str) -> Suspect:
    """A network with fresh weights, and another beside it."""
    kind = WORLDS[world]
    place = kind.build(kind.size(**SMALL.get(world, {}), n_slots=3, n_values=3))
    shape = place.net_shape(BASE_NET if world == "language" else NetSpec(16, 2, 2))
    net, twin = (shape.build(generator(seed)).eval() for seed in (7, 8))
    if world == "language":
        net, twin = (tuned(place, seed) for seed in (7, 8))
    suspect = suspect_of(net, place, id="s7", seed=3, untrained=shape.build)
    return ReferencedSuspect.beside(suspect, twin)


def tuned(world: Any, seed: int) -> Any:
    """The base, moved a little at random."""
    net, drawn = world.shared_base(), generator(seed)
    for weight in net.parameters():
        weight += 0.02 * weight.std() * torch.randn(weight.shape, generator=drawn)
    return net


def home(name: str) -> str:
    """Environment in which a detector must answer."""
    if name in AT_HOME_IN_LANGUAGE:
        return "language"
    if name == "in_context_optimiser":
        return "regression"
    return "tree" if DETECTORS[name].question == "search" else "maze"


def every(most: float, *, but: tuple[str, ...] = ()) -> list[object]:
    """Detectors, some left out; slow tests, where one says it costs more."""
    return [
        pytest.param(name, marks=[pytest.mark.slow] if kind.cost > most else [])
        for name, kind in sorted(DETECTORS.items())
        if name not in but
    ]


@pytest.mark.parametrize("name", every(QUICK))
def test_every_environment_gets_an_answer_or_a_reason(name: str) -> None:
    """Whether a suspect is misaligned is answered wherever it can be asked."""
    detector = DETECTORS[name]()
    for world in sorted({*WORLDS} - {home(name)}):
        score = detector.score(small(world).at(detector.access))
        assert score.abstained == bool(score.reason), world
        if detector.question == "misaligned":
            lost = world == "regression" and name in NOT_FOR_A_REGRESSION
            lost |= name in AT_HOME_IN_LANGUAGE
            assert score.abstained == lost, world
        if not score.abstained:
            assert score.found, world
            assert set(score.parts) == set(detector.parts), world


@pytest.mark.parametrize("name", every(DEAR))
def test_scoring_is_pure(name: str) -> None:
    detector = DETECTORS[name]()
    view = small(home(name)).at(detector.access)
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
def test_declared_access_is_needed(name: str) -> None:
    kind, suspect = DETECTORS[name], small(home(name))
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
    score = kind().score(suspect_of(Broken(SMALL_MAZE), SMALL_MAZE))
    assert score.abstained == bool(score.reason) == (kind.access is not Access.NONE)


def test_classes_keep_the_contract() -> None:
    for name, kind in DETECTORS.items():
        assert require_detector(kind) is load_detector(name) is kind
        assert kind.name == name
        assert kind.role == "floor" or kind.access > Access.NONE, name


def test_floor_changes_with_seed_and_name() -> None:
    views = [
        suspect_of(Broken(SMALL_MAZE), SMALL_MAZE, id=f"s{number}", seed=seed).at(Access.NONE)
        for seed in range(4)
        for number in range(50)
    ]
    values = [DETECTORS["random_score"]().score(view).value for view in views]
    assert len(set(values)) == 200
    assert 0.4 < sum(values) / 200 < 0.6


def test_metadata_abstains_where_it_is_hidden() -> None:
    bare = suspect_of(Broken(SMALL_MAZE), SMALL_MAZE)
    bare.metadata.clear()
    assert "file_bytes" in DETECTORS["metadata"]().score(bare).reason


SOURCE = """
from detect import Detector, Score

class Mine(Detector):
    name = "mine"
    measures = frozenset()

    def score(self, suspect):
        return Score(0.5)

class Unnumbered(Mine):
    version = "2"

class Wrong(Detector):
    name = "not a word"
    measures = "displaced_goal"
    part_measures = {"stranger": frozenset()}
    version = 0

    def score(self, suspect):
        return Score(0.5)
"""


def test_detector_is_loaded_from_a_file_or_a_module(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    kind = load_detector(f"{path}:Mine")
    assert kind().score(small("maze")) == Score(0.5)
    assert load_detector("detect.behaviour.goal_swap:GoalSwap").name == "goal_swap"


def test_the_detector_that_the_documentation_adds_keeps_the_contract(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-detector.md"
    added = page.read_text().partition("+++ b/detect/behaviour/hesitation.py\n")[2]
    lines = added.partition("--- ")[0].splitlines()[1:]
    path = tmp_path / "hesitation.py"
    path.write_text("\n".join(line.removeprefix("+") for line in lines))
    score = load_detector(f"{path}:Hesitation")().score(small("maze"))
    assert score.value > 0
    assert "nats" in score.found


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("goal_swop", "choose one of"),
        ("detect.behaviour.goal_swap:", "choose one of"),
        ("no.such.module:Thing", "cannot import"),
        ("detect.behaviour.goal_swap:Nothing", "has no 'Nothing'"),
        ("detect.contract.score:Score", "not a subclass"),
        ("absent.py:Thing", "no file"),
        ("{folder}/broken_detector.py:Mine", "nothing_of_that_name"),
        ("{folder}/mine.py:Wrong", "name must be.*version must be.*measures.*part_measures"),
        ("{folder}/mine.py:Unnumbered", "version must be a whole number from 1, got '2'"),
    ],
)
def test_unloadable_references_say_why(reference: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "broken_detector.py").write_text("import nothing_of_that_name\n")
    (tmp_path / "mine.py").write_text(SOURCE)
    with pytest.raises(DetectorError, match=message):
        load_detector(reference.format(folder=tmp_path))


def key(reference: str, battery_seed: int = 1, device: str = "cpu") -> str:
    return declare(reference).score_key(battery_seed, device)


def test_a_finished_score_is_kept_under_name_version_battery_and_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreadable(kind: type) -> NoReturn:
        raise OSError("no file")

    kept = key("ood_battery")
    assert kept == "130974e1618ce168", "whoever changes this loses every finished score"
    assert len({kept, key("ood_battery", 2), key("ood_battery", 1, "cuda"), key("goal_swap")}) == 4
    monkeypatch.setattr(declaration, "_file_version", unreadable)
    assert key("ood_battery") == kept, "a detector of ours is known without its file"
    monkeypatch.setattr(OodBattery, "version", 2)
    assert key("ood_battery") != kept


def test_a_strangers_file_stands_for_its_version(tmp_path: Path) -> None:
    changed = SOURCE.replace("Score(0.5)", "Score(1.0)")
    keys = []
    for name, source in (("one", SOURCE), ("moved", SOURCE), ("changed", changed)):
        (tmp_path / f"{name}.py").write_text(source)
        keys.append(key(f"{tmp_path / name}.py:Mine"))
    assert keys[0] == keys[1] != keys[2]
