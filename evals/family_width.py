"""Widths of the interval of a new family's rate, for many posteriors at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy import special

from evals.family_posterior import GRID_A, GRID_B

LEVEL = 0.9


def interval_widths(
    weights: Float[np.ndarray, "posterior mean rho"],
    rates: tuple[float, ...],
    *,
    level: float = LEVEL,
) -> Float[np.ndarray, " posterior"]:
    """Widths of the central intervals of p*, linear between the tabulated rates.

    Args:
        weights: of `FamilyPosterior`s.
        rates: rising, from 0 to 1; the more, the closer to `FamilyPosterior.interval`.
        level: coverage of the intervals.
    """
    cdfs = weights.reshape(len(weights), -1) @ _cell_cdfs(rates)
    return central_widths(cdfs, np.array(rates), level=level)


def central_widths(
    cdfs: Float[np.ndarray, "posterior node"],
    nodes: Float[np.ndarray, " node"],
    *,
    level: float = LEVEL,
) -> Float[np.ndarray, " posterior"]:
    """Widths of the central intervals of distributions given by their CDF at nodes."""
    ends = ((1 - level) / 2, (1 + level) / 2)
    low, high = np.array([np.interp(ends, cdf, nodes) for cdf in cdfs]).T
    return np.asarray(high - low)


@lru_cache(maxsize=2)
def _cell_cdfs(rates: tuple[float, ...]) -> Float[np.ndarray, "cell rate"]:
    """P(p* <= rate) in every (mean, rho) cell of the posterior's grid."""
    table = special.betainc(GRID_A.reshape(-1, 1), GRID_B.reshape(-1, 1), np.array(rates))
    table.flags.writeable = False
    return np.asarray(table)
