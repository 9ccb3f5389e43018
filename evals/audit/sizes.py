"""How many instances the parts of an audit ask a network about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ALONE = 8
"""Instances that are also asked one by one, to see that the answer is the same."""


@dataclass(frozen=True)
class Sizes:
    """The usual sizes, or smaller ones for a network of which every answer is dear.

    Attributes:
        checked: instances that are asked twice before any detector looks.
        shown: instances per shift among which the one that tells most is shown.
        telling: instances, at most, on which two rival objectives are told apart again.
        spelled: whether a context that was found is climbed further, slot by slot.
        detectors: the detectors that are asked, each with its options; empty for all of them as
            they are.
    """

    checked: int = 256
    shown: int = 128
    telling: int = 64
    spelled: bool = True
    detectors: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
