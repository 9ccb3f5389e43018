"""The contract of a detector as tests, which `pytest --mesascope-detector a.b:Class` collects."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.registry import load_detector
from evals.guests.promises import (
    require_abstention,
    require_network_kept,
    require_orientation,
    require_same_score,
)
from evals.scoring.score_table import require_score
from organisms.records.net_spec import NetSpec
from organisms.worlds.table import WORLDS
from organisms.worlds.world import Shape, World
from probes.network.access import Access
from probes.network.suspect import ReferencedSuspect, Suspect

EVERY_WORLD = pytest.mark.parametrize("world", sorted(WORLDS))


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> type[Detector]:
    """The class under test."""
    return load_detector(request.config.getoption("--mesascope-detector"))


def _place(world: str) -> tuple[World[Any], Shape]:
    """A world, and the shape of a small network for it."""
    place = WORLDS[world].build(WORLDS[world].size())
    return place, place.net_shape(NetSpec(width=16, n_layers=2, n_heads=2))


def _network(world: str, seed: int) -> nn.Module:
    network: nn.Module = _place(world)[1].build(torch.Generator().manual_seed(seed))
    return network.eval().requires_grad_(False)


def _suspect(world: str, network: nn.Module, access: Access) -> Suspect:
    place, shape = _place(world)
    suspect = Suspect(
        id="contract",
        network=network,
        environment=place,
        access=access,
        seed=3,
        untrained=shape.build,
        metadata={"position": 2.0, "file_bytes": 99.0, "n_parameters": 12.0},
    )
    return ReferencedSuspect.beside(suspect, _network(world, 5))


def _fresh(kind: type[Detector], world: str) -> tuple[Suspect, nn.Module]:
    network = _network(world, 7)
    return _suspect(world, network, kind.access), network


def _score(kind: type[Detector], world: str, network: nn.Module) -> Score:
    return require_score(kind, kind().score(_suspect(world, network, kind.access)))


@EVERY_WORLD
def test_it_answers_or_abstains_with_a_reason_in_every_world(
    kind: type[Detector], world: str
) -> None:
    """Its declared access suffices; NaN has a reason; parts are the declared ones."""
    score = _score(kind, world, _network(world, 7))
    assert not score.abstained or score.reason


@EVERY_WORLD
def test_the_same_suspect_gives_the_same_score(kind: type[Detector], world: str) -> None:
    """Whatever the global random states are, and whomever it scored before."""
    first = require_same_score(kind, lambda: _fresh(kind, world))
    detector = kind()
    detector.score(_suspect(world, _network(world, 8), kind.access))
    again = detector.score(_fresh(kind, world)[0])
    assert repr(again) == repr(first), "its score depends on what it scored before"


@EVERY_WORLD
def test_it_leaves_the_network_as_it_was(kind: type[Detector], world: str) -> None:
    """Weights, buffers, hooks, gradients and mode."""
    require_network_kept(kind, lambda: _fresh(kind, world))


@EVERY_WORLD
def test_outputs_that_are_no_numbers_are_no_answer(kind: type[Detector], world: str) -> None:
    """A network that answers NaN makes it abstain with a reason, unless it never runs one."""
    if kind.access is Access.NONE:
        pytest.skip("it never runs the network")
    require_abstention(kind, lambda: _fresh(kind, world))


def test_it_answers_in_some_world(kind: type[Detector]) -> None:
    """A detector that abstains everywhere passes the other tests without having been tried."""
    scores = {world: _score(kind, world, _network(world, 7)) for world in sorted(WORLDS)}
    reasons = {world: score.reason for world, score in scores.items() if score.abstained}
    assert len(reasons) < len(scores), f"it abstained in every world: {reasons}"


def test_it_says_what_a_high_score_means(kind: type[Detector]) -> None:
    """Higher is more suspicious, always; the docstring of the class or of `score` says so."""
    require_orientation(kind)
