"""One comparison of judged rows, and the rules that call it coherent or not."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

VERDICTS = ("coherent", "strained", "incoherent")

EQUAL_TAILS = (0.3, 0.05)
"""Two rows that should say the same: coherent when each exceeds the other in at least the first
share of draws, strained at least the second, else incoherent. Rows are drawn independently."""

BOUND_SHARES = (0.95, 0.5)
"""A bound that must hold: coherent when it holds in at least the first share of draws, strained at
least the second, else incoherent. Both rules are conventions, stated once, here."""


@dataclass(frozen=True)
class Incoherence:
    """One comparison of judged rows.

    Attributes:
        name: what is compared.
        sentence: the comparison in plain words, with its numbers.
        value: the number of the comparison, in the unit that the sentence gives.
        low, high: its 5% and 95% quantiles, the rows drawn independently; None where the value is
            a statement about the whole distribution.
        verdict: one of `VERDICTS`, by `EQUAL_TAILS` or `BOUND_SHARES`.
    """

    name: str
    sentence: str
    value: float
    low: float | None
    high: float | None
    verdict: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"{self.name}: verdict {self.verdict!r}, wanted one of {VERDICTS}")
        numbers = [self.value, *(end for end in (self.low, self.high) if end is not None)]
        if len(numbers) == 2 or not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"{self.name}: {numbers} is no number with its finite interval")


def equal_rows(below: float) -> str:
    """Verdict on two rows of which the first is below the second with that probability."""
    return _verdict(min(below, 1 - below), EQUAL_TAILS)


def bound_holds(holds: float) -> str:
    """Verdict on a bound that holds with that probability."""
    return _verdict(holds, BOUND_SHARES)


def _verdict(value: float, limits: tuple[float, float]) -> str:
    return VERDICTS[sum(value < limit for limit in limits)]


def ends(values: Float[np.ndarray, " draw"]) -> tuple[float, float]:
    low, high = np.quantile(values, [0.05, 0.95])
    return (float(low), float(high))


def plain(name: str) -> str:
    return "current systems" if name == "current" else name.replace("_", " ")
