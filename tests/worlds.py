"""Every world as it comes."""

from __future__ import annotations

from typing import Any

from organisms.environments import WORLDS
from organisms.world import World


def usual_world(name: str) -> World[Any]:
    """A world of its default size."""
    kind = WORLDS[name]
    return kind.build(kind.size())
