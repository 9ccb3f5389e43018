"""Parts of a level with keys that a network may not see."""

from __future__ import annotations

from organisms.worlds.channel import CONTEXT, UNINSTRUCTED, Channel

CHANNELS = {
    "light": Channel(
        edits=frozenset({"switch_lights"}),
        objectives=frozenset({"lit"}),
        held={"lighting": "useful"},
    ),
    "gem": Channel(
        edits=frozenset({"move_gem"}),
        objectives=frozenset({"gem", "nearest_object"}),
        held=UNINSTRUCTED,
    ),
    "instruction": Channel(held=UNINSTRUCTED),
    "context": CONTEXT,
}
"""Name -> channel. A network that sees no gem cannot be told to go there."""
