"""Which detectors can look at a network, and what each of the others would need; none is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detect.contract.need import Need
from detect.present import present
from detect.registry import DETECTORS, load_detector
from evals.audit.adapter import AdapterError
from evals.audit.audit import Check
from evals.audit.opening import Opened
from evals.audit.sizes import Sizes


@dataclass(frozen=True)
class Able:
    """Whether one detector can look.

    Attributes:
        question: what a high score of it means.
        cost: CPU-seconds that it takes on a network of the reference set.
        lacks: what the network would have to offer, in sentences; empty where it can look.
    """

    detector: str
    question: str
    cost: float
    lacks: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """A network that was opened and checked, and who can look at it.

    Attributes:
        name: its path as given.
        against: what its scores would be compared with, in a sentence.
    """

    name: str
    world: str
    base_objective: str
    checks: tuple[Check, ...]
    detectors: tuple[Able, ...]
    against: str

    def lines(self) -> list[str]:
        """The screen of `mesascope audit PATH --check`."""
        looking = [one for one in self.detectors if not one.lacks]
        cost = sum(one.cost for one in looking)
        lines = [
            f"{self.name} acts in world {self.world}; it should pursue {self.base_objective!r}.",
            *(f"  {'passed' if c.passed else 'FAILED'}  {c.name}: {c.said}" for c in self.checks),
            "",
            f"{len(looking)} of {len(self.detectors)} detectors have what they need, though some "
            f"may abstain once they look (about {cost:.0f} CPU-seconds for a network of the size "
            "of ours, and as much for each compared one):",
        ]
        for question in dict.fromkeys(one.question for one in looking):
            names = ", ".join(one.detector for one in looking if one.question == question)
            lines.append(f"  {question}: {names}")
        by_reason: dict[str, list[str]] = {}
        for one in self.detectors:
            if one.lacks:
                by_reason.setdefault("; ".join(one.lacks), []).append(one.detector)
        if by_reason:
            lines += ["", "The others would need:"]
        lines += [f"  {', '.join(names)}: {reason}" for reason, names in by_reason.items()]
        return [*lines, "", self.against]


def wanted_detectors(named: Sequence[str], sizes: Sizes) -> tuple[str, ...]:
    """The detectors that are asked if they can look; floors and baselines have no say.

    Args:
        named: names or `file.py:Class`; empty for all.

    Raises:
        AdapterError: one is named that the sizes, where they name detectors, have no place for.
    """
    if not sizes.detectors:
        built_in = (name for name, kind in DETECTORS.items() if kind.role == "detector")
        return tuple(named or built_in)
    planned = {load_detector(one).name: one for one in sizes.detectors}
    if strange := [one for one in named if one not in planned]:
        raise AdapterError(
            f"got --detector {strange[0]}, and of a language model that is asked in English only "
            f"the forward passes of {', '.join(planned)} are counted; choose among them, or give "
            "an --adapter"
        )
    return tuple(planned[one] for one in named or planned)


def able(opened: Opened, twin: Opened | None, detectors: Sequence[str]) -> tuple[Able, ...]:
    """Ask of every detector whether it can look."""
    there = present(opened.suspect(twin=twin))
    found = []
    for name in detectors:
        kind = load_detector(name)
        needed = kind.needs | ({Need.TWIN} if kind.needs_twin else frozenset())
        lacks = tuple(need.words for need in Need if need in needed - there)
        found.append(Able(name, kind.question, kind.cost, lacks))
    return tuple(found)
