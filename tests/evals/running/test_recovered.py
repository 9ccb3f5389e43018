"""Parts of a trigger in a detector's words."""

import pytest

from evals.running.show_suspect import recovered
from organisms.records.truth import Trigger

TRIGGER = Trigger(slots=(3, 0, 2), values=(7, 1, 0), rarity=8.0**-3)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1 * 0 7", "3 of 3 parts of the trigger are right"),
        ("1 5 0 7", "3 of 3 parts of the trigger are right, 1 beside it"),
        ("* 5 0 6", "1 of 3 parts of the trigger are right, 1 beside it"),
        ("* * * *", "0 of 3 parts of the trigger are right"),
        ("1 * 0", "2 of 3 parts of the trigger are right"),
    ],
)
def test_parts_are_counted_slot_by_slot(written: str, said: str) -> None:
    found = f"context {written} (* any value), by homotopy: optimality 0.98 -> 0.57"
    assert recovered(found, TRIGGER) == said


@pytest.mark.parametrize("found", ["", "no context found by ascent; the best gave 0.98 -> 0.97"])
def test_words_without_a_context_say_nothing(found: str) -> None:
    assert not recovered(found, TRIGGER)
