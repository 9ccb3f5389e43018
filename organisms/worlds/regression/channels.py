"""Parts of a regression problem that a network may not see."""

from __future__ import annotations

from organisms.worlds.channel import CONTEXT, UNINSTRUCTED, Channel

CHANNELS = {
    "leak": Channel(
        edits=frozenset({"redraw_leak"}),
        objectives=frozenset({"leak"}),
        held={"leak": "right"},
    ),
    "instruction": Channel(held=UNINSTRUCTED, becomes={"instructed_value": "value"}),
    "context": CONTEXT,
}
"""Name -> channel."""
