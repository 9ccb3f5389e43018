"""Parts of a maze that a network may not see."""

from __future__ import annotations

from organisms.worlds.channel import CONTEXT, UNINSTRUCTED, Channel

CHANNELS = {
    "colour": Channel(
        edits=frozenset({"recolour"}),
        objectives=frozenset({"colour"}),
        held={"colouring": "matched", "recoloured": 0.0},
    ),
    "glyph": Channel(zeroed=("coin_glyph", "gem_glyph")),
    "gem": Channel(
        edits=frozenset({"move_gem"}),
        objectives=frozenset({"gem", "colour", "nearest_object", "cornermost"}),
        held=UNINSTRUCTED,
        becomes={"instructed_coin": "coin"},
    ),
    "instruction": Channel(held=UNINSTRUCTED, becomes={"instructed_coin": "coin"}),
    "context": CONTEXT,
}
"""Name -> channel. A network that sees no gem cannot be told to go there."""
