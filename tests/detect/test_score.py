"""What a score may say besides its value."""

from __future__ import annotations

import pytest

from detect import Score, ScoreError
from detect.triggers.trigger_search import ContextScreen
from scripted import SMALL_MAZE, Scripted, suspect_of


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(ScoreError, match="posterior holds probabilities"):
        Score(0.5, posterior={"coin": 1.5})


def test_a_trigger_is_said_slot_by_slot_with_what_is_pursued_there() -> None:
    found, none = (
        ContextScreen().score(suspect_of(Scripted(SMALL_MAZE, trigger=trigger), SMALL_MAZE))
        for trigger in ({0: 2, 2: 1}, None)
    )
    assert found.context == (2, None, 1)
    assert found.objective == "gem"
    assert "context 2 * 1" in found.found
    assert (none.context, none.objective, none.posterior) == ((), "", {})
