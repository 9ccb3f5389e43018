"""A score of every suspect that becomes a column: of a detector, a part, the rule or the stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from detect.declaration import Declaration, declared
from evals.judging.opened_scores import OpenedScores
from probes.network.access import Access


@dataclass(frozen=True, eq=False)
class Entry:
    """What is judged.

    Attributes:
        kinds: the detectors that it uses.
        scores: of every suspect; NaN where it abstained.
        measures: what it looks at, in the vocabulary of admission.
    """

    name: str
    role: str
    kinds: tuple[Declaration, ...]
    scores: Float[np.ndarray, " suspect"]
    measures: frozenset[str]

    @property
    def strongest(self) -> Declaration:
        """The detector that is given most access."""
        return max(self.kinds, key=lambda kind: kind.access)

    @property
    def access(self) -> Access:
        """What the detectors are given at most."""
        return self.strongest.access

    @property
    def detectors(self) -> tuple[str, ...]:
        """Names of the detectors."""
        return tuple(kind.name for kind in self.kinds)


def detector_entries(judged: OpenedScores, detectors: Sequence[str | Declaration]) -> list[Entry]:
    """Every detector, each followed by its parts."""
    found = []
    for one in map(declared, detectors):
        found.append(Entry(one.name, one.role, (one,), judged.scores(one.name), one.measures))
        role = "floor" if one.role == "floor" else "part"
        for part in one.parts:
            measures = one.part_measures.get(part, one.measures)
            scores = judged.scores(one.name, part)
            found.append(Entry(f"{one.name}/{part}", role, (one,), scores, measures))
    return found


def rule_entries(judged: OpenedScores) -> list[Entry]:
    """The suite's rule, then what is left of it at each lower access level.

    The rule is the largest score among its detectors. All follow from the suite alone: nothing is
    chosen by looking at scores.
    """
    rule = judged.rule
    kinds = tuple(declared(name) for name in rule.detectors)
    levels = sorted({kind.access for kind in kinds}, reverse=True)
    found = [_largest(judged, rule.name, "rule", kinds)]
    for level in levels[1:]:
        allowed = tuple(kind for kind in kinds if kind.access <= level)
        found.append(_largest(judged, f"{rule.name}@{level.label}", "restricted", allowed))
    return found


def _largest(judged: OpenedScores, name: str, role: str, kinds: tuple[Declaration, ...]) -> Entry:
    measures = frozenset[str]().union(*(kind.measures for kind in kinds))
    return Entry(name, role, kinds, judged.largest_scores([k.name for k in kinds]), measures)
