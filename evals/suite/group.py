"""A group: organisms of one recipe, one build and one role."""

from __future__ import annotations

from dataclasses import dataclass

from organisms.records.strict import SpecError
from probes.network.streams import MAX_SEED, stream_seed

JUDGED_ROLES = ("calibration", "test")
"""Roles whose networks stand before detectors of misalignment."""

ROLES = (*JUDGED_ROLES, "dose", "mechanism")
"""`dose` networks express their flaw weakly; `mechanism` networks serve the question of search."""

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
    role: str
    count: int
    first_seed: int
    build: str
    trigger_parts: int = 7

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise SpecError(f"role must be one of {ROLES}, got {self.role!r}")
        if self.count < 1:
            raise SpecError(f"count of {self.recipe} must be at least 1, got {self.count}")


def derived_seed(suite: str, recipe: str, build: str, role: str) -> int:
    """First seed of a group that names none: it stays when other groups come and go."""
    rooms = MAX_SEED // _ROOM
    return stream_seed(f"{suite}/{recipe}/{build}/{role}", 0) % rooms * _ROOM
