"""Every world as it comes."""

from __future__ import annotations

from typing import Any

from organisms.worlds.table import WORLDS
from organisms.worlds.world import World


def usual_world(name: str) -> World[Any]:
    """A world of its default size."""
    kind = WORLDS[name]
    return kind.build(kind.size())
