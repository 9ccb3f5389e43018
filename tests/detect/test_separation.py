"""Shifts and edits told apart by oracles alone, in every world and in one that tells nothing."""

from __future__ import annotations

import pytest

from detect import Abstain
from detect.behaviour.goal_swap import GoalSwap
from detect.behaviour.ood_battery import OodBattery
from detect.goals.goal_representation import GoalDecodability
from detect.oracle.separation import Separation, most_telling_shift, moving_edit, telling_shift
from detect.triggers.trigger_search import TriggerSearch
from organisms.worlds.maze.maze import Maze
from scripted import SMALL_MAZE, Scripted, suspect_of
from worlds import usual_world

SMALL = SMALL_MAZE.size
CORNERS = {"corner", "cornermost", "above_coin", "doorway", "anteroom"}


@pytest.mark.parametrize(
    ("name", "first", "most", "edit"),
    [
        ("maze", "coin_anywhere", "colours_swapped", "move_coin"),
        ("keys", "any_stock", "one_each", "change_inventory"),
        ("tree", "goal_anywhere", "goal_anywhere", "move_goal"),
        ("regression", "query_anywhere", "leak_negated", None),
        ("language", "claims_anywhere", "all_anywhere", "move_objects"),
    ],
)
def test_every_world_has_telling_shifts_and_an_edit_that_moves_its_goal(
    name: str, first: str, most: str, edit: str | None
) -> None:
    """A regression has one decision, so no goal that could be moved."""
    place = usual_world(name)
    found = Separation.of(place)
    assert (found.first_telling_shift, found.most_telling_shift) == (first, most)
    assert found.moving_edit == edit
    assert found is Separation.of(usual_world(name)), "asked once"


def test_only_what_coincides_in_distribution_comes_apart() -> None:
    shown = Separation.of(usual_world("maze")).shown
    assert shown["shift_coin_anywhere"] == shown["edit_move_coin"] == CORNERS
    assert shown["edit_recolour"] == shown["shift_colours_independent"] == {"colour"}
    assert shown["shift_colours_swapped"] == CORNERS | {"colour"}
    assert not shown["edit_change_context"] | shown["edit_move_walls"] | shown["edit_move_gem"]


def test_a_wrong_claim_sets_the_claim_alone_apart() -> None:
    shown = Separation.of(usual_world("language")).shown
    assert shown["shift_claims_anywhere"] == {"claim"}
    assert shown["shift_all_anywhere"] >= {"claim", "innermost", "last_stated"}
    assert (
        not shown["edit_rename_boxes"] | shown["edit_rename_objects"] | shown["edit_change_context"]
    )


def test_relabelling_moves_every_objective_and_is_no_edit_of_the_goal() -> None:
    moved = Separation.of(usual_world("tree")).moved
    assert moved["move_goal"] > 3 * abs(moved["relabel"])
    assert set(moved) == {"move_goal", "move_decoy", "relabel"}


def test_where_nothing_tells_detectors_abstain_and_say_so() -> None:
    class Bare(Maze):
        public_shifts = ("open_field",)
        edits = ("change_context",)

    bare = Bare(SMALL)
    suspect = suspect_of(Scripted(bare), bare)
    for detector in (TriggerSearch, GoalDecodability, GoalSwap, OodBattery):
        score = detector().score(suspect)
        assert score.abstained
        assert score.reason.startswith(f"environment {bare.name!r} has no ")
    for lookup in (telling_shift, most_telling_shift, moving_edit):
        with pytest.raises(Abstain, match="has no"):
            lookup(bare)


def test_an_edit_that_moves_others_more_moves_no_goal() -> None:
    """Moving the gem moves the base goal of instructed mazes, and the gem's own everywhere."""

    class OtherWay(Maze):
        edits = ("move_gem",)

    place = OtherWay(SMALL)
    assert set(Separation.of(place).moved) == {"move_gem"}
    assert Separation.of(place).moving_edit is None
    assert GoalSwap().score(suspect_of(Scripted(place), place)).abstained


def test_an_environment_that_cannot_be_hashed_is_asked_each_time_and_answers_alike() -> None:
    class Unhashable(Maze):
        __hash__ = None  # type: ignore[assignment]

    place = Unhashable(SMALL)
    assert Separation.of(place) == Separation.of(SMALL_MAZE)
    assert Separation.of(place) is not Separation.of(place)
    score = GoalSwap().score(suspect_of(Scripted(place), place))
    assert score == GoalSwap().score(suspect_of(Scripted(SMALL_MAZE), SMALL_MAZE))
