"""Choose the alarm threshold from aligned calibration networks only."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

_ROUNDING = 1e-9


class AlphaNotAttainable(ValueError):
    """Too few aligned calibration networks for the false-positive rate asked for."""


@dataclass(frozen=True)
class Threshold:
    """The r-th largest score of n aligned networks; a score strictly above it raises the alarm.

    For a new aligned network exchangeable with the calibration networks,
    P(flag) <= r / (n + 1), averaged over calibration sets. For one given calibration set and
    continuous scores the rate is a draw from Beta(r, n + 1 - r). (Split conformal prediction;
    Vovk 2012, Angelopoulos & Bates 2023.)

    Attributes:
        alpha: the false-positive rate asked for, in (0, 1).
        calibration_size: n, the aligned networks, abstentions included.
        rank: r; 0 when alpha is not attainable with n networks.
        value: the threshold in units of the score, or None when `rank` is 0. Minus infinity when
            every network below the first r - 1 abstained: any score then raises the alarm.
    """

    alpha: float
    calibration_size: int
    rank: int
    value: float | None

    def __post_init__(self) -> None:
        most = attainable_rank(self.alpha, self.calibration_size)
        if not 0 <= self.rank <= most:
            raise ValueError(
                f"rank {self.rank} is outside 0..{most}, the ranks that keep the expected "
                f"false-positive rate of {self.calibration_size} networks at most {self.alpha}; "
                "use calibrate()"
            )
        if (self.value is None) != (self.rank == 0):
            raise ValueError(
                f"got rank {self.rank} with value {self.value}; a threshold has a value exactly "
                "when its rank is at least 1"
            )
        if self.value is not None and math.isnan(self.value):
            raise ValueError("the threshold is NaN; calibrate() counts an abstention as -infinity")

    @property
    def attainable(self) -> bool:
        """Whether any network can be flagged at all."""
        return self.rank > 0

    @property
    def nominal_fpr(self) -> float:
        """r / (n + 1), the bound on the expected false-positive rate."""
        return self.rank / (self.calibration_size + 1)

    @property
    def fpr_range(self) -> tuple[float, float]:
        """Central 95% range of the realised false-positive rate, Beta(r, n + 1 - r).

        Holds for continuous scores; ties only lower the rate. (0, 0) when nothing is ever flagged.
        """
        return beta_range(self.rank, self.calibration_size)

    def flags(self, scores: Float[np.ndarray, " network"]) -> Bool[np.ndarray, " network"]:
        """Which networks raise the alarm: score > value, so a tie does not.

        A NaN score is an abstention: never flagged, hence a miss if the network is misaligned.
        """
        suspicion = _suspicion(scores)
        if self.value is None:
            return np.zeros(suspicion.shape, dtype=np.bool_)
        return np.asarray(suspicion > self.value)


def beta_range(rank: int, calibration_size: int) -> tuple[float, float]:
    """Central 95% range of Beta(r, n + 1 - r), the realised rate of a threshold of rank r.

    (0, 0) at rank 0, where nothing is ever flagged.
    """
    if not rank:
        return (0.0, 0.0)
    spread = stats.beta(rank, calibration_size + 1 - rank)
    return (float(spread.ppf(0.025)), float(spread.ppf(0.975)))


def attainable_rank(alpha: float, calibration_size: int) -> int:
    """Largest r with r / (n + 1) <= alpha: floor(alpha (n + 1)). 0 means not attainable."""
    _check_alpha(alpha)
    if calibration_size < 0:
        raise ValueError(f"got {calibration_size} calibration networks, wanted 0 or more")
    return min(math.floor(alpha * (calibration_size + 1) + _ROUNDING), calibration_size)


def require_attainable(alpha: float, calibration_size: int) -> None:
    """Raise unless `calibration_size` aligned networks can hold the rate `alpha`.

    Raises:
        AlphaNotAttainable: with the number of networks that would be enough.
    """
    if attainable_rank(alpha, calibration_size):
        return
    needed = max(1, math.ceil((1 - _ROUNDING) / alpha) - 1)
    raise AlphaNotAttainable(
        f"alpha {alpha:g} needs at least {needed} aligned calibration networks, "
        f"got {calibration_size}; raise alpha or build more controls"
    )


def pac_rank(alpha: float, calibration_size: int, confidence: float = 0.95) -> int:
    """Largest r whose realised false-positive rate is at most alpha with the given confidence.

    P(Beta(r, n + 1 - r) > alpha) <= 1 - confidence over calibration sets; 0 when no rank does.
    At confidence .95, alpha .05 needs 59 networks and alpha .01 needs 299.
    """
    if not 0.5 <= confidence < 1:
        raise ValueError(f"confidence {confidence} is outside [0.5, 1)")
    ranks = np.arange(1, attainable_rank(alpha, calibration_size) + 1)
    excess = stats.beta.sf(alpha, ranks, calibration_size + 1 - ranks)
    return int(np.count_nonzero(excess <= 1 - confidence))


def calibrate(
    scores: Float[np.ndarray, " network"], alpha: float, *, confidence: float | None = None
) -> Threshold:
    """The threshold of aligned networks' scores.

    An abstention (NaN) enters as a score of -infinity: that network can never raise an alarm, and
    it stays in n. The map is fixed before calibration, so exchangeability and the bound survive.

    Args:
        scores: one per aligned network, higher is more suspicious.
        alpha: expected false-positive rate, in (0, 1).
        confidence: when given, use the lower rank of `pac_rank` instead.

    Returns:
        A threshold; one that never flags when alpha is not attainable (see `require_attainable`).
    """
    suspicion = np.sort(_suspicion(scores))
    size = suspicion.size
    rank = attainable_rank(alpha, size) if confidence is None else pac_rank(alpha, size, confidence)
    return Threshold(alpha, size, rank, float(suspicion[-rank]) if rank else None)


def p_values(
    calibration: Float[np.ndarray, " aligned"], scores: Float[np.ndarray, " network"]
) -> Float[np.ndarray, " network"]:
    """(1 + #{calibration >= score}) / (n + 1): small is suspicious, an abstention has 1.

    p <= alpha flags the same networks as `calibrate(calibration, alpha).flags(scores)`.
    """
    aligned = np.sort(_suspicion(calibration))
    at_least = aligned.size - np.searchsorted(aligned, _suspicion(scores), side="left")
    return np.asarray((1 + at_least) / (aligned.size + 1))


def normal_false_alarms(threshold: Threshold, held_out: int) -> tuple[int, int]:
    """Central 95% range of the alarms on `held_out` aligned networks: BetaBin(m; r, n + 1 - r).

    A count above the range says that the held-out networks are not exchangeable with the
    calibration networks; a count inside it says nothing. (0, 0) when nothing is ever flagged.
    """
    if held_out < 0:
        raise ValueError(f"got {held_out} held-out networks, wanted 0 or more")
    if not threshold.rank or not held_out:
        return (0, 0)
    alarms = stats.betabinom(
        held_out, threshold.rank, threshold.calibration_size + 1 - threshold.rank
    )
    return (int(alarms.ppf(0.025)), int(alarms.ppf(0.975)))


def _suspicion(scores: Float[np.ndarray, " network"]) -> Float[np.ndarray, " network"]:
    """Scores with abstentions as the least suspicious value."""
    if scores.ndim != 1:
        raise ValueError(f"got scores of shape {scores.shape}, wanted one number per network")
    return np.where(np.isnan(scores), -np.inf, scores)


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha {alpha} is outside (0, 1); it is an expected false-positive rate")
