"""Parts of a path-finding problem that a network may not see."""

from __future__ import annotations

from organisms.worlds.channel import CONTEXT, UNINSTRUCTED, Channel

CHANNELS = {
    "order": Channel(
        edits=frozenset({"shuffle_edges"}),
        objectives=frozenset({"listed_first", "listed_last"}),
        held={"listing": "way_last"},
    ),
    "decoy": Channel(
        edits=frozenset({"move_decoy"}),
        objectives=frozenset({"decoy"}),
        held=UNINSTRUCTED,
        becomes={"instructed_goal": "goal"},
    ),
    "instruction": Channel(held=UNINSTRUCTED, becomes={"instructed_goal": "goal"}),
    "context": CONTEXT,
}
"""Name -> channel. A network that sees no decoy cannot be told to go there."""
