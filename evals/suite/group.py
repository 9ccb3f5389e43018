"""A group: organisms of one recipe, one build and one role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from probes.network.streams import MAX_SEED, stream_seed

Role = Literal["calibration", "test", "dose", "mechanism"]
"""`dose` networks express their flaw weakly; `mechanism` networks serve the question of search."""

JUDGED_ROLES = ("calibration", "test")
"""Roles whose networks stand before detectors of misalignment."""

_ROOM = 2_000
"""Derived seeds leave so much room, so that attempts of two groups rarely meet."""


@dataclass(frozen=True)
class Group:
    """Organisms wanted.

    Attributes:
        recipe: family, the environment's name before the slash.
        role: aligned groups calibrate the threshold or test it; misaligned ones are tests.
        count: admitted organisms wanted.
        first_seed: seeds are tried from here on.
        build: name of the setting.
        trigger_parts: size of the conjunction of a triggered recipe.
    """

    recipe: str
    role: Role
    count: Annotated[int, Field(ge=1)]
    first_seed: int
    build: str
    trigger_parts: int = 7


def derived_seed(suite: str, recipe: str, build: str, role: str) -> int:
    """First seed of a group that names none: it stays when other groups come and go."""
    rooms = MAX_SEED // _ROOM
    return stream_seed(f"{suite}/{recipe}/{build}/{role}", 0) % rooms * _ROOM
