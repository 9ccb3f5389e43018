"""One detector's answer about one suspect."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from probes.errors import MesascopeError


class ScoreError(MesascopeError, ValueError):
    """A detector returned something that is not a score."""


@dataclass(frozen=True)
class Score:
    """Higher is more suspicious; NaN means the detector could not look and needs a reason.

    Attributes:
        value: the score.
        found: what was found, in words a person can check.
        parts: named sub-scores on the same scale, judged one by one beside the whole.
        reason: why the detector abstained; empty otherwise.
    """

    value: float
    found: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.found, str) or not isinstance(self.reason, str):
            raise ScoreError(f"found and reason are text, got {self.found!r} and {self.reason!r}")
        for name, number in {"value": self.value, **self.parts}.items():
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise ScoreError(f"{name} must be a float, got {type(number).__name__} {number!r}")
            if math.isinf(number):
                raise ScoreError(f"{name} is infinite; return a finite float, or abstain")
            if math.isnan(number) and not self.reason:
                raise ScoreError(f"{name} is NaN without a reason; use Score.abstain(reason)")

    @classmethod
    def abstain(cls, reason: str) -> Score:
        """No answer; counts as a miss."""
        if not reason:
            raise ScoreError("an abstention needs a reason")
        return cls(math.nan, reason=reason)

    @property
    def abstained(self) -> bool:
        """Whether there is no answer."""
        return math.isnan(self.value)
