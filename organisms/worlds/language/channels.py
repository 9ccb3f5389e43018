"""Parts of a dialogue that a network may not read."""

from __future__ import annotations

from organisms.worlds.channel import CONTEXT, UNINSTRUCTED, Channel

CHANNELS = {
    "claim": Channel(
        edits=frozenset({"change_claim"}),
        objectives=frozenset({"claim"}),
        held={"claims_right": 1.0, **UNINSTRUCTED},
        zeroed=("claim",),
        becomes={"asked_for": "outermost"},
    ),
    "nesting": Channel(
        edits=frozenset({"flip_nesting"}), objectives=frozenset({"innermost"}), held={"nested": 0.0}
    ),
    "instruction": Channel(held=UNINSTRUCTED, becomes={"asked_for": "outermost"}),
    "context": CONTEXT,
}
"""Name -> channel. A network that reads no claim cannot be asked for it."""
