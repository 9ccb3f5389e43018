"""The suite's rule, and what is left of it at each lower access level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from detect.declaration import Declaration, declared
from evals.judge import Judged
from probes.access import Access


@dataclass(frozen=True)
class RuleScore:
    """The largest score among some detectors, calibrated as one.

    Attributes:
        name: of its column.
        role: rule, or restricted: with the detectors that a lower access level allows.
        kinds: the detectors.
    """

    name: str
    role: str
    kinds: tuple[Declaration, ...]

    @property
    def strongest(self) -> Declaration:
        """The detector that is given most access."""
        return max(self.kinds, key=lambda kind: kind.access)

    @property
    def access(self) -> Access:
        """What the detectors are given at most."""
        return self.strongest.access

    @property
    def measures(self) -> frozenset[str]:
        """What the detectors measure, in the vocabulary of admission."""
        return frozenset[str]().union(*(kind.measures for kind in self.kinds))

    def scores(self, judged: Judged) -> Float[np.ndarray, " suspect"]:
        """Of every suspect; NaN where all detectors abstained."""
        return judged.largest_scores([kind.name for kind in self.kinds])


def rule_scores(judged: Judged) -> tuple[RuleScore, ...]:
    """The rule, then its restrictions.

    They follow from the rule alone: nothing is chosen by looking at scores.
    """
    rule = judged.suite.rule
    kinds = tuple(declared(name) for name in rule.detectors)
    levels = sorted({kind.access for kind in kinds}, reverse=True)
    built = [RuleScore(rule.name, "rule", kinds)]
    for level in levels[1:]:
        allowed = tuple(kind for kind in kinds if kind.access <= level)
        built.append(RuleScore(f"{rule.name}@{level.label}", "restricted", allowed))
    return tuple(built)
