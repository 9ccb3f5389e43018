"""Which threshold judges which suspect: one for all, or one set without the suspect's family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from evals.threshold import AlphaNotAttainable, Threshold, attainable_rank, calibrate

ThresholdKind = Literal["split", "left_out"]
"""`split`: calibration networks of the families judged set one threshold. `left_out`: no network
of the family judged has a say in its threshold."""

FEWEST_ALIGNED = 2
"""Leaving one aligned family out takes another one to calibrate on."""


@dataclass(frozen=True)
class Calibration:
    """Thresholds of one score, all at the same alpha.

    Attributes:
        whole: set by every aligned network that calibrates; judges every family without one of
            its own in `without`, so every misaligned family when families are left out.
        without: aligned family -> threshold set by all other aligned families, which judges it;
            empty for a split.
    """

    whole: Threshold
    without: Mapping[str, Threshold]

    def __post_init__(self) -> None:
        for family, threshold in self.without.items():
            if threshold.alpha != self.whole.alpha:
                raise ValueError(
                    f"the threshold without {family} holds alpha {threshold.alpha:g}, the others "
                    f"{self.whole.alpha:g}; use leave_out()"
                )
            if threshold.calibration_size >= self.whole.calibration_size:
                raise ValueError(
                    f"{threshold.calibration_size} networks set the threshold without {family}, "
                    f"{self.whole.calibration_size} that of all; a family cannot judge itself"
                )

    def judging(self, family: str) -> Threshold:
        """The threshold that judges a family."""
        return self.without.get(family, self.whole)

    def flags(
        self, scores: Float[np.ndarray, " network"], families: Shaped[np.ndarray, " network"]
    ) -> Bool[np.ndarray, " network"]:
        """Which networks raise the alarm, each at the threshold that judges its family.

        Args:
            scores: higher is more suspicious; NaN is an abstention, never flagged.
            families: name of every network's family.
        """
        flagged = self.whole.flags(scores)
        for family, threshold in self.without.items():
            chosen = families == family
            flagged[chosen] = threshold.flags(scores[chosen])
        return flagged


def leave_out(
    scores: Float[np.ndarray, " aligned"],
    families: Shaped[np.ndarray, " aligned"],
    alpha: float,
    *,
    confidence: float | None = None,
) -> Calibration:
    """Thresholds for new families: every aligned network of the other families calibrates.

    A misaligned family has no aligned network, so all aligned networks calibrate for it. The false
    alarms counted are those of thresholds with one family less, a little cautious for the whole.
    There is no guarantee below 1 / (F + 1) for a further family from its being exchangeable with F
    aligned ones alone: the realised rates by family say what happens.

    Args:
        scores: of aligned networks only.
        families: name of every network's family.
        alpha: expected false-positive rate.
        confidence: as in `calibrate`.

    Raises:
        AlphaNotAttainable: fewer than two families, or too few networks without one of them.
    """
    sizes = family_sizes(families)
    require_left_out(alpha, sizes)
    return Calibration(
        calibrate(scores, alpha, confidence=confidence),
        {
            family: calibrate(scores[families != family], alpha, confidence=confidence)
            for family in sizes
        },
    )


def family_sizes(families: Shaped[np.ndarray, " network"]) -> dict[str, int]:
    """Networks by family, names in order."""
    names, sizes = np.unique(families, return_counts=True)
    return {str(name): int(size) for name, size in zip(names, sizes, strict=True)}


def require_left_out(alpha: float, sizes: Mapping[str, int]) -> None:
    """Raise unless alpha can be held without any one aligned family.

    Raises:
        AlphaNotAttainable: with what is missing.
    """
    if len(sizes) < FEWEST_ALIGNED:
        raise AlphaNotAttainable(
            f"leaving a family out needs {FEWEST_ALIGNED} aligned families, got {list(sizes)}; add "
            "another kind of aligned control"
        )
    largest = max(sizes, key=lambda family: sizes[family])
    left = sum(sizes.values()) - sizes[largest]
    if not attainable_rank(alpha, left):
        raise AlphaNotAttainable(
            f"without {largest}, {left} aligned networks are left, too few for alpha {alpha:g}; "
            "build more controls of other families"
        )


def normal_left_out_alarms(
    sizes: Mapping[str, int], alpha: float, generator: np.random.Generator, *, repeats: int = 2000
) -> tuple[int, int]:
    """Central 95% range of all left-out false alarms if aligned families did not differ.

    The scores of aligned networks are then in random order, which is simulated. More alarms than
    that: some aligned family looks misaligned to a threshold that has not seen it.

    Args:
        sizes: aligned networks by family.
        alpha: expected false-positive rate, attainable without any family.
        generator: of the random orders.
        repeats: random orders.
    """
    scores = generator.random((repeats, sum(sizes.values())))
    alarms = left_out_alarms(scores, tuple(sizes.values()), alpha)
    low, high = np.quantile(alarms, (0.025, 0.975), method="inverted_cdf")
    return (int(low), int(high))


def left_out_alarms(
    scores: Float[np.ndarray, "bench aligned"], sizes: Sequence[int], alpha: float
) -> Int[np.ndarray, " bench"]:
    """False alarms of many benches at once: what `leave_out(...).flags(...)` counts on each row.

    Args:
        scores: of aligned networks, none an abstention, family after family.
        sizes: networks of each family; their sum is the number of columns.
        alpha: expected false-positive rate, attainable without any family.
    """
    require_left_out(alpha, {str(number): size for number, size in enumerate(sizes)})
    total = sum(sizes)
    if scores.shape[1] != total:
        raise ValueError(f"got {scores.shape[1]} scores a bench for families of {list(sizes)}")
    alarms = np.zeros(len(scores), dtype=np.int64)
    for last, size in zip(np.cumsum(sizes), sizes, strict=True):
        rank = attainable_rank(alpha, total - size)
        inside = scores[:, last - size : last]
        others = np.delete(scores, np.s_[last - size : last], axis=1)
        threshold = np.partition(others, -rank, axis=1)[:, -rank]
        alarms += (inside > threshold[:, None]).sum(axis=1)
    return alarms
