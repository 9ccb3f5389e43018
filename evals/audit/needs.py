"""Which detectors can look at a network, and what each of the others would need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detect.contract.need import Need, present
from detect.registry import load_detector
from evals.audit.opening import Opened


@dataclass(frozen=True)
class Able:
    """Whether one detector can look.

    Attributes:
        cost: CPU-seconds that it is expected to take, on networks of the size of ours.
        lacks: what the network would have to offer, in sentences; empty where it can look.
    """

    detector: str
    question: str
    cost: float
    lacks: tuple[str, ...]


def able(opened: Opened, twin: Opened | None, detectors: Sequence[str]) -> tuple[Able, ...]:
    """Ask of every detector whether it can look; no detector is run."""
    there = present(opened.suspect(twin=twin))
    found = []
    for name in detectors:
        kind = load_detector(name)
        needed = kind.needs | ({Need.TWIN} if kind.needs_twin else frozenset())
        lacks = tuple(need.words for need in Need if need in needed - there)
        found.append(Able(name, kind.question, kind.cost, lacks))
    return tuple(found)
