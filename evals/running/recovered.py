"""How much of a trigger a search has spelled out."""

from __future__ import annotations

import re

from organisms.records.truth import Trigger

_CONTEXT = re.compile(r"\bcontext ((?:(?:\d+|\*) )+)\(")
"""As `detect.triggers.context_finding` writes it: values in the order of the slots, `*` for any."""


def recovered(found: str, trigger: Trigger) -> str:
    """The parts of a trigger that a detector's words hold; empty where they hold no context.

    Args:
        found: a detector's words.
        trigger: the truth.
    """
    written = _CONTEXT.search(found)
    if written is None:
        return ""
    values = dict(enumerate(written[1].split()))
    wanted = {slot: str(value) for slot, value in zip(trigger.slots, trigger.values, strict=True)}
    right = sum(values.get(slot) == value for slot, value in wanted.items())
    beside = sum(value != "*" and slot not in wanted for slot, value in values.items())
    extra = f", {beside} beside it" if beside else ""
    return f"{right} of {len(wanted)} parts of the trigger are right{extra}"
