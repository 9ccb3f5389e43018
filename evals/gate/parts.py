"""What an incident record is made of."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from evals.gate.policy import COMPARISONS, SUBJECTS
from probes.errors import MesascopeError


class IncidentError(MesascopeError, ValueError):
    """A record that cannot be made or read; the message says why."""


@dataclass(frozen=True)
class Subject:
    """Whom the record is about.

    Attributes:
        kind: run or suspect.
        name: of the run, or id of the suspect.
        suite: name of the suite.
        suite_hash: its content hash.
        scores_sha256: digest of the score table, frozen before truth was opened.
    """

    kind: str
    name: str
    suite: str
    suite_hash: str
    scores_sha256: str

    def __post_init__(self) -> None:
        if self.kind not in SUBJECTS:
            raise IncidentError(f"kind is {self.kind!r}, wanted one of {SUBJECTS}")
        _require_words(self)


@dataclass(frozen=True)
class PolicyApplied:
    """Which policy, and the digest of its text."""

    name: str
    sha256: str

    def __post_init__(self) -> None:
        _require_words(self)


@dataclass(frozen=True)
class RuleApplied:
    """One rule with the fact that it was compared with.

    Attributes:
        rule: its name.
        fact: name of the fact.
        value: of the fact; None where it was not measured.
        text: what the fact is, or why it is missing.
        comparison: above, below, at_least or at_most.
        threshold: the rule trips where value and threshold compare so.
        action: what the policy asks for.
        because: why the threshold is where it is.
    """

    rule: str
    fact: str
    value: float | None
    text: str
    comparison: str
    threshold: float
    action: str
    because: str

    def __post_init__(self) -> None:
        if self.comparison not in COMPARISONS:
            raise IncidentError(
                f"comparison is {self.comparison!r}, wanted one of {tuple(COMPARISONS)}"
            )
        for number in (self.threshold, 0.0 if self.value is None else self.value):
            if not math.isfinite(number):
                raise IncidentError(f"rule {self.rule!r} holds {number}; wanted finite numbers")
        _require_words(self)

    @property
    def crossed(self) -> bool | None:
        """Whether the value compares so with the threshold; None where it was not measured."""
        if self.value is None:
            return None
        return COMPARISONS[self.comparison](self.value, self.threshold)


def _require_words(record: Subject | PolicyApplied | RuleApplied) -> None:
    empty = [name for name, value in asdict(record).items() if value == ""]
    if empty:
        raise IncidentError(f"{', '.join(empty)} of {type(record).__name__} is empty; fill it in")
