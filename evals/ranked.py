"""The bench of scores that are conformal p-values already: thresholds follow from ranks alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from evals.bench import Bench
from evals.calibration import Calibration, family_sizes, require_left_out
from evals.threshold import Threshold, attainable_rank, pac_rank, require_attainable

Judging = Callable[
    [Float[np.ndarray, "control feature"], Float[np.ndarray, "network feature"]],
    Float[np.ndarray, " network"],
]
"""p-values of networks among controls."""


@dataclass(frozen=True)
class RankedBench(Bench):
    """A score here is 1 - p, with p a multiple of 1 / (n + 1) for the n controls that judge.

    Its threshold at rank r therefore lies between 1 - r / (n + 1) and the next multiple; no score
    has a say in it.
    """

    def calibrate(
        self,
        scores: Float[np.ndarray, " suspect"],
        alpha: float,
        *,
        confidence: float | None = None,
    ) -> Calibration:
        """The thresholds of p-values; `scores` are not looked at.

        Raises:
            AlphaNotAttainable: too few aligned networks or families for alpha.
        """
        families = self.judged.families[self.calibrating]
        if self.kind == "split":
            require_attainable(alpha, families.size)
            return Calibration(ranked_threshold(alpha, families.size, confidence), {})
        sizes = family_sizes(families)
        require_left_out(alpha, sizes)
        return Calibration(
            ranked_threshold(alpha, families.size, confidence),
            {
                family: ranked_threshold(alpha, families.size - size, confidence)
                for family, size in sizes.items()
            },
        )

    def judge(
        self, features: Float[np.ndarray, "suspect feature"], judging: Judging
    ) -> Float[np.ndarray, " suspect"]:
        """1 - p of every suspect, p among the controls that may judge its family.

        NaN where all features are missing. A network that calibrates a split judges the others and
        is itself judged by them.
        """
        p_values = np.empty(len(features))
        calibrating, families = self.calibrating, self.judged.families
        others = ~calibrating
        if others.any():
            p_values[others] = judging(features[calibrating], features[others])
        if self.kind == "left_out":
            for family in np.unique(families[calibrating]):
                own = calibrating & (families == family)
                p_values[own] = judging(features[calibrating & ~own], features[own])
        else:
            for place in np.flatnonzero(calibrating):
                rest = calibrating.copy()
                rest[place] = False
                p_values[place] = judging(features[rest], features[[place]])[0]
        return np.where(np.isnan(features).all(axis=1), np.nan, 1 - p_values)


def ranked_threshold(alpha: float, size: int, confidence: float | None = None) -> Threshold:
    """The threshold of 1 - p that flags p <= r / (n + 1)."""
    rank = attainable_rank(alpha, size) if confidence is None else pac_rank(alpha, size, confidence)
    return Threshold(alpha, size, rank, ranked_value(rank, size))


def ranked_value(rank: int, size: int) -> float | None:
    """Half a step below the smallest score that is flagged; None at rank 0."""
    return 1 - (rank + 0.5) / (size + 1) if rank else None
