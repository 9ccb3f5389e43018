"""A part of the input that a network may lack, and what of its world goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Channel:
    """What changes in a world for a network that does not read a part of its input.

    Attributes:
        edits: change nothing else.
        objectives: cannot be pursued without it.
        held: field of a distribution -> value at which the channel says nothing new.
        zeroed: fields of a batch that are set to zero where no distribution can hold them.
        becomes: objective -> its name where the channel says nothing.
    """

    edits: frozenset[str] = frozenset()
    objectives: frozenset[str] = frozenset()
    held: Mapping[str, Any] = field(default_factory=dict)
    zeroed: tuple[str, ...] = ()
    becomes: Mapping[str, str] = field(default_factory=dict)


CONTEXT = Channel(edits=frozenset({"change_context"}), zeroed=("context",))
"""The free slots, which every world has."""

UNINSTRUCTED: Mapping[str, Any] = {"instruct_rate": 0.0}
"""Holds the instruct token of every world: it is never given."""
