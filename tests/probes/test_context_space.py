"""A context space says which values are free; documented ones lie inside it and leave some."""

from __future__ import annotations

from typing import Any

import pytest

from probes.arguments import ArgumentError
from probes.world.environment import ContextSpace


def test_documented_values_are_the_only_ones_that_are_not_allowed() -> None:
    assert ContextSpace(2, 3).allowed.all()
    space = ContextSpace(2, 3, documented=((0, 2), (1, 0)))
    assert space.allowed.tolist() == [[True, True, False], [False, True, True]]
    assert ContextSpace(0, 0).allowed.shape == (0, 0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_slots": -1}, "n_slots"),
        ({"n_values": 0}, "n_values"),
        ({"documented": ((2, 0),)}, "a documented slot must lie in"),
        ({"documented": ((0, 3),)}, "a documented value must lie in"),
        ({"documented": ((0, -1),)}, "a documented value must lie in"),
        ({"documented": ((0, 0), (0, 1), (0, 2))}, "every value of slot 0 is documented"),
    ],
)
def test_pairs_outside_the_space_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        ContextSpace(**{"n_slots": 2, "n_values": 3, **wrong})
