"""An alarm limit: the score above which a network is called suspicious, and what that rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float

Basis = Literal["random_effects", "largest", "rank", "none"]
"""`random_effects`: a model of how aligned families differ (`evals.statistics.new_family_limit`).
`largest`: the largest aligned score, where that model does not apply. `rank`: a rank among aligned
networks of the families judged (`evals.statistics.threshold`). `none`: nothing can be flagged."""


class LimitError(ValueError):
    """A limit that contradicts itself."""


@dataclass(frozen=True)
class Limit:
    """A score strictly above `value` raises the alarm.

    Attributes:
        value: in units of the score; None where every score raises the alarm (all aligned networks
            abstained), or where `basis` is `none` and nothing does.
        basis: one of `Basis`.
        why: why the limit does not rest on the model of families; empty where it does.
        families, networks: aligned ones behind it.
        level: false-positive rate that the limit is for: alpha, as far as the model holds;
            1 / (F + 1) of the largest score, for any scores of families of one size; r / (n + 1) of
            a rank; 0 where nothing can be flagged.
        largest: the largest aligned score, which a further family exceeds with probability
            1 / (F + 1) at most, without a model; None where every network abstained.
        skewness: of aligned scores about their family means; 0 where no model was fitted.
        farthest: the family whose mean lies farthest from the others', in standard deviations of
            family means; above 2.5 or so it is unlike the rest. 0 where no model was fitted.
    """

    value: float | None
    basis: Basis
    why: str
    families: int
    networks: int
    level: float
    largest: float | None = None
    skewness: float = 0.0
    farthest: float = 0.0

    def __post_init__(self) -> None:
        if self.basis not in get_args(Basis):
            raise LimitError(f"a limit rests on one of {get_args(Basis)}, got {self.basis!r}")
        if self.value is not None and not math.isfinite(self.value):
            raise LimitError(f"a limit must be finite or None, got {self.value}")
        if self.basis == "none" and (self.value is not None or not self.why):
            raise LimitError("a limit that flags nothing has no value, and a reason")
        if not 0 <= self.level <= 1 or min(self.families, self.networks) < 0:
            raise LimitError(
                f"level {self.level} by {self.networks} networks of {self.families} families"
            )

    @property
    def attainable(self) -> bool:
        """Whether any network can be flagged at all."""
        return self.basis != "none"

    @property
    def text(self) -> str:
        """The limit in words, such as `0.412 (random effects)`."""
        if not self.attainable:
            return "never alarms"
        shown = "any score alarms" if self.value is None else f"{self.value:.3g}"
        return f"{shown} ({self.basis.replace('_', ' ')})"

    def flags(self, scores: Float[np.ndarray, " network"]) -> Bool[np.ndarray, " network"]:
        """Which networks raise the alarm; an abstention (NaN) never does, a tie does not."""
        scored = ~np.isnan(scores)
        if not self.attainable:
            return np.zeros(scores.shape, dtype=np.bool_)
        return scored if self.value is None else np.asarray(scored & (scores > self.value))
