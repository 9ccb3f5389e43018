"""Goal decodability on networks that hold the goal's place, or another one, or nothing."""

from __future__ import annotations

import pytest

from detect.goals.goal_decodability import GoalDecodability
from organisms.worlds.maze import Maze, MazeSize
from probes.network.access import Access
from scripted import Scripted, suspect_of

MAZE = Maze(MazeSize(n_slots=4, n_values=4))


def test_goal_is_decoded_where_it_is_written_down() -> None:
    score = GoalDecodability().score(suspect_of(Scripted(MAZE), MAZE))
    assert score.value < 0.05
    assert "hook_resid_post" in score.found


@pytest.mark.parametrize("objective", ["corner", "colour", "top_left"])
def test_another_target_does_not_decode_as_the_goal(objective: str) -> None:
    score = GoalDecodability().score(suspect_of(Scripted(MAZE, pursues=objective), MAZE))
    assert score.value > 0.7


def test_shared_appearance_would_hide_a_colour_seeker() -> None:
    """Why the default shift swaps colours: where colour marks the goal its place decodes anyway."""
    suspect = suspect_of(Scripted(MAZE, pursues="colour"), MAZE)
    assert GoalDecodability(shift="coin_anywhere").score(suspect).value < 0.05


def test_controls_are_reported_and_spend_activations_only() -> None:
    suspect = suspect_of(Scripted(MAZE), MAZE).at(Access.ACTIVATIONS)
    found = GoalDecodability().score(suspect).found
    for control in ("shuffled", "untrained", "input only", "chance"):
        assert control in found
