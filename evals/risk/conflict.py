"""Whether judged and measured detection contradict each other: reported, never used to discount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from evals.family_posterior import FamilyCount, FamilyPosterior
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.inputs import Inputs

BINS = 50
"""Of equal width; coarser bins hide a difference, finer ones make one out of noise."""


@dataclass(frozen=True)
class Conflict:
    """Judged against measured detection of one misalignment type.

    No weight follows from it: discounting data that disagree would turn perfect detection into the
    judgement.

    Attributes:
        misalignment: the type.
        predictive_p: two-sided prior-predictive p of the total detected: how often the judgement
            would have led one to expect a total as far out as the one seen, or further.
        overlap: shared area of the densities of judged and measured P(detected), in [0, 1]:
            0 when they exclude each other, 1 when they are the same.
        below_success: P(measured P(detected) < judged P(detected and corrected)); success cannot
            exceed detection, so a large value speaks against the judgement or the transport.
        sentence: the three in plain words.
    """

    misalignment: str
    predictive_p: float
    overlap: float
    below_success: float
    sentence: str

    def __post_init__(self) -> None:
        for name in ("predictive_p", "overlap", "below_success"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} of {self.misalignment} is {value}, outside [0, 1]")


def conflict(
    misalignment: str,
    inputs: Inputs,
    posterior: FamilyPosterior,
    *,
    generator: np.random.Generator,
) -> Conflict:
    """Judged against measured detection of one type.

    Args:
        misalignment: one of `MISALIGNMENT_TYPES`.
        inputs: the judged draws, supposing nothing: a what-if would take the judgement's place.
        posterior: the measurement of that type.
        generator: for the prior predictive and the draws of the measured rate.
    """
    if misalignment not in MISALIGNMENT_TYPES:
        raise ValueError(
            f"unknown misalignment type {misalignment!r}, wanted one of {MISALIGNMENT_TYPES}"
        )
    column = MISALIGNMENT_TYPES.index(misalignment)
    judged = inputs.detection[:, column]
    chance = predictive_p(judged, posterior.counts, rho=posterior.expected_rho, generator=generator)
    overlap = _shared_area(judged, posterior)
    measured = posterior.draws(generator, len(judged))
    below = float(np.mean(measured < inputs.success[:, column]))
    detected = sum(count.detected for count in posterior.counts)
    of = sum(count.of for count in posterior.counts)
    sentence = (
        f"{misalignment}: {detected} of {of} networks were detected; the judgement expects a total "
        f"this far out or further with probability {_probability(chance)}. Judged and measured "
        f"detection share {overlap:.0%} of their probability, and detection on a new family lies "
        f"below the judged success, which it cannot, with probability {below:.2f}."
    )
    return Conflict(misalignment, chance, overlap, below, sentence)


def predictive_p(
    judged: Float[np.ndarray, " draw"],
    counts: Sequence[FamilyCount],
    *,
    rho: float,
    generator: np.random.Generator,
) -> float:
    """Two-sided prior-predictive p of the total detected: min(1, 2 min(P(T <= t), P(T >= t))).

    Per judged draw d and family: p_f ~ Beta(d s, (1 - d) s), s = (1 - rho) / rho, k_f ~ Bin(n_f,
    p_f), T = sum k_f (Box 1980). Treating the networks of a family as independent (rho = 0) would
    see conflict where families merely differ.

    Args:
        judged: draws of judged P(detected).
        counts: the families measured.
        rho: correlation of two networks of one family, in (0, 1).
        generator: one Beta and one binomial per draw and family.
    """
    if not 0 < rho < 1:
        raise ValueError(f"rho {rho} is outside (0, 1); use the posterior's expected rho")
    size = (1 - rho) / rho
    # A Beta needs both parameters above 0; at the ends the family rate is d itself in the limit.
    mean = np.clip(judged, 1e-12, 1 - 1e-12)
    total = np.zeros(len(judged), dtype=np.int64)
    for count in counts:
        rates = generator.beta(mean * size, (1 - mean) * size)
        total += generator.binomial(count.of, rates)
    seen = sum(count.detected for count in counts)
    return min(1.0, 2 * float(min(np.mean(total <= seen), np.mean(total >= seen))))


def _shared_area(judged: Float[np.ndarray, " draw"], posterior: FamilyPosterior) -> float:
    """Sum over bins of the smaller of the two probabilities."""
    edges = np.linspace(0, 1, BINS + 1)
    counts, _ = np.histogram(judged, edges)
    measured = np.diff([posterior.cdf(float(edge)) for edge in edges])
    return float(min(1.0, np.minimum(counts / len(judged), measured).sum()))


def _probability(value: float) -> str:
    return f"{value:.2f}" if value >= 0.01 else "below 0.01"
