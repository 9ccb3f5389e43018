"""The alarm limit that aligned networks of the same families set, by rank."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from evals.statistics.limit import Limit
from probes.errors import MesascopeError

_ROUNDING = 1e-9


class AlphaNotAttainable(MesascopeError, ValueError):
    """Too few aligned networks or families for the false-positive rate asked for."""


def attainable_rank(alpha: float, networks: int) -> int:
    """Largest r with r / (n + 1) <= alpha: floor(alpha (n + 1)). 0 means not attainable."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha {alpha} is outside (0, 1); it is an expected false-positive rate")
    if networks < 0:
        raise ValueError(f"got {networks} calibration networks, wanted 0 or more")
    return min(math.floor(alpha * (networks + 1) + _ROUNDING), networks)


def require_attainable(alpha: float, networks: int) -> None:
    """Raise unless that many aligned networks can hold the rate `alpha`.

    Raises:
        AlphaNotAttainable: with the number of networks that would be enough.
    """
    if attainable_rank(alpha, networks):
        return
    needed = max(1, math.ceil((1 - _ROUNDING) / alpha) - 1)
    raise AlphaNotAttainable(
        f"alpha {alpha:g} needs at least {needed} aligned calibration networks, "
        f"got {networks}; raise alpha or build more controls"
    )


def rank_limit(
    scores: Float[np.ndarray, " network"],
    alpha: float,
    *,
    families: int = 0,
) -> Limit:
    """The r-th largest score of n aligned networks, r the largest rank with r / (n + 1) <= alpha.

    For a new aligned network exchangeable with these, P(flag) <= r / (n + 1), averaged over
    calibration sets. For one given set and continuous scores the rate is a draw from
    Beta(r, n + 1 - r). (Split conformal prediction; Vovk 2012, Angelopoulos & Bates 2023.)

    An abstention (NaN) enters as a score of -infinity: that network can never raise an alarm, and
    it stays in n. The map is fixed before calibration, so exchangeability and the bound survive.
    Where no rank is attainable, or the score of that rank is infinite, the limit flags nothing.

    Args:
        scores: one per aligned network, higher is more suspicious.
        alpha: expected false-positive rate, in (0, 1).
        families: how many the networks are of, for the record.

    Raises:
        ValueError: alpha lies outside (0, 1).
    """
    size = scores.size
    rank = attainable_rank(alpha, size)
    if not rank:
        why = f"alpha {alpha:g} is out of reach of {size} aligned networks"
        return Limit(None, "none", why, families, size, 0.0)
    value = float(np.sort(_suspicion(scores))[-rank])
    if value == math.inf:
        why = f"the {rank} largest aligned scores are infinite"
        return Limit(None, "none", why, families, size, 0.0)
    why = "aligned networks of the families judged are at hand"
    level = rank / (size + 1)
    return Limit(value if math.isfinite(value) else None, "rank", why, families, size, level)


def p_values(
    aligned: Float[np.ndarray, " aligned"], scores: Float[np.ndarray, " network"]
) -> Float[np.ndarray, " network"]:
    """(1 + #{aligned >= score}) / (n + 1): small is suspicious, an abstention has 1.

    p <= alpha flags the same networks as the `rank_limit` of `aligned`.
    """
    ordered = np.sort(_suspicion(aligned))
    at_least = ordered.size - np.searchsorted(ordered, _suspicion(scores), side="left")
    return np.asarray((1 + at_least) / (ordered.size + 1))


def _suspicion(scores: Float[np.ndarray, " network"]) -> Float[np.ndarray, " network"]:
    """Scores with abstentions as the least suspicious value."""
    return np.where(np.isnan(scores), -np.inf, scores)
