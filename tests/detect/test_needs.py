"""A detector that declares a need abstains where it is not met; one that does not still scores."""

from __future__ import annotations

from functools import cache

import pytest
from lacking import LACKING
from test_registry import every, home, small

from detect import Abstain, Detector, DetectorError, Score
from detect.contract.detector import require_detector
from detect.contract.need import WORDS, Need
from detect.present import QUESTIONS, present
from detect.registry import DETECTORS
from probes.network.suspect import Suspect

QUICK = 0.3
"""Declared cost up to which a detector is tried in the default run on what it can do without."""

WORLDS = ("maze", "tree", "regression", "language")


@cache
def lacking(need: Need, world: str) -> Suspect:
    return LACKING[need](small(world))


@cache
def meets(asked: Need, need: Need, world: str) -> bool:
    """Whether a suspect that lacks one need meets another, or the same."""
    try:
        QUESTIONS[asked](lacking(need, world))
    except Abstain:
        return False
    return True


@cache
def has(world: str) -> frozenset[Need]:
    return present(small(world))


def test_every_need_has_words_and_a_question_and_can_be_lacked() -> None:
    assert set(WORDS) == set(QUESTIONS) == set(LACKING) == set(Need)
    everything = frozenset().union(*(has(world) for world in WORLDS))
    assert everything == set(Need)
    for need in Need:
        world = next(world for world in WORLDS if need in has(world))
        assert not meets(need, need, world), need


@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_a_detector_has_all_that_it_needs_at_home(name: str) -> None:
    assert DETECTORS[name].needs <= has(home(name))


@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_a_detector_that_declares_a_need_abstains_without_it(name: str) -> None:
    kind = DETECTORS[name]
    for need in kind.needs:
        score = kind().score(lacking(need, home(name)).at(kind.access))
        assert score.abstained, need
        assert score.reason


@pytest.mark.parametrize("name", every(QUICK))
def test_a_detector_that_does_not_declare_a_need_scores_without_it(name: str) -> None:
    """Unless it lacks another one as well: without a base objective there is no telling shift."""
    kind = DETECTORS[name]
    for need in has(home(name)) - kind.needs:
        score = kind().score(lacking(need, home(name)).at(kind.access))
        enough = all(meets(one, need, home(name)) for one in kind.needs)
        assert score.abstained is not enough, (need, score.reason)


def test_needs_are_checked() -> None:
    class Odd(Detector):
        name = "odd"
        measures = frozenset()
        needs = frozenset({"oracle"})  # type: ignore[assignment]

        def score(self, suspect: Suspect) -> Score:
            return Score(0.0)

    with pytest.raises(DetectorError, match="needs must be a frozenset of detect Needs"):
        require_detector(Odd)
    Odd.needs = frozenset({Need.TWIN})
    with pytest.raises(DetectorError, match="declare needs_twin = True"):
        require_detector(Odd)
    Odd.needs = frozenset()
    assert require_detector(Odd) is Odd


def test_few_questions_are_put_to_the_network() -> None:
    before = small("maze").meter.forward_passes
    present(small("maze"))
    assert small("maze").meter.forward_passes - before < 100
