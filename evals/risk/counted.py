"""A judged success updated by counts of organisms, as if they were the system at stake."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import special

from evals.risk.judged import JudgedBeta

VAGUE = 0.2
"""Prior probability that the judgement says nothing, in the robust mixture."""


@dataclass(frozen=True)
class RobustMixture:
    """A judged Beta and a vague one, mixed by how well each foresaw the data.

    Attributes:
        vague_weight: posterior probability of the vague component, in [0, 1].
        informed, vague: the components, each updated by the data.
    """

    vague_weight: float
    informed: JudgedBeta
    vague: JudgedBeta

    def __post_init__(self) -> None:
        if not 0 <= self.vague_weight <= 1:
            raise ValueError(f"vague weight {self.vague_weight} is outside [0, 1]")

    @property
    def mean(self) -> float:
        """Expectation of the mixture."""
        return self.vague_weight * self.vague.mean + (1 - self.vague_weight) * self.informed.mean

    def at(
        self,
        uniforms_component: Float[np.ndarray, " draw"],
        uniforms_value: Float[np.ndarray, " draw"],
    ) -> Float[np.ndarray, " draw"]:
        """Draws: the component by the first uniforms in [0, 1), its inverse CDF at the second."""
        vague = uniforms_component < self.vague_weight
        return np.where(vague, self.vague.at(uniforms_value), self.informed.at(uniforms_value))


def power_prior(
    judged: JudgedBeta, detected: int | float, of: int | float, *, weight: float
) -> JudgedBeta:
    """Beta(a + w k, b + w (n - k)): the judgement and a share of the data (Ibrahim & Chen 2000).

    Treats success as detection and the networks as independent; counts may be effective ones.

    Args:
        judged: Beta(a, b).
        detected: k.
        of: n, at least k.
        weight: w in [0, 1].
    """
    _check_counts(detected, of)
    if not 0 <= weight <= 1:
        raise ValueError(f"power {weight} is outside [0, 1]; it is a share of the data")
    return JudgedBeta(judged.a + weight * detected, judged.b + weight * (of - detected))


def robust_mixture(
    judged: JudgedBeta, detected: int | float, of: int | float, *, vague: float = VAGUE
) -> RobustMixture:
    """(1 - e) Beta(a, b) + e Beta(1, 1) given k of n (Schmidli et al. 2014).

    Vague weight e m0 / (e m0 + (1 - e) m1), with m0 = B(1 + k, 1 + n - k) and
    m1 = B(a + k, b + n - k) / B(a, b): data that conflict with the judgement win. Treats success as
    detection and the networks as independent, as `power_prior` does.

    Args:
        judged: Beta(a, b).
        detected: k.
        of: n, at least k.
        vague: e in [0, 1].
    """
    _check_counts(detected, of)
    if not 0 <= vague <= 1:
        raise ValueError(f"vague share {vague} is outside [0, 1]; it is a probability")
    informed, flat = (
        power_prior(prior, detected, of, weight=1.0) for prior in (judged, JudgedBeta(1.0, 1.0))
    )
    log_ratio = (
        special.betaln(informed.a, informed.b)
        - special.betaln(judged.a, judged.b)
        - special.betaln(flat.a, flat.b)
    )
    # expit of the log odds, as the two evidences can underflow.
    weight = float(special.expit(special.logit(vague) - log_ratio))
    return RobustMixture(weight, informed, flat)


def _check_counts(detected: int | float, of: int | float) -> None:
    if not 0 <= detected <= of < math.inf:
        raise ValueError(f"got {detected} detected of {of} networks; wanted 0 <= detected <= of")
