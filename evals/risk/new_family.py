"""The detection rate of a new family, tabulated for draws, means and widths."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy import special

from evals.family_posterior import FamilyPosterior
from evals.risk.split import DETECTIONS

CELLS = 100
_MIDPOINTS = (np.arange(CELLS) + 0.5) / CELLS
MEANS, _RHO = np.meshgrid(_MIDPOINTS, _MIDPOINTS, indexing="ij")
A, B = MEANS * (1 - _RHO) / _RHO, (1 - MEANS) * (1 - _RHO) / _RHO
"""Parameters of a family's Beta rate in every (mean, rho) cell of the posterior's weights."""

Weights = Float[np.ndarray, "*posterior mean rho"]


@lru_cache(maxsize=1)
def _cells() -> Float[np.ndarray, "cell rate"]:
    """P(p* <= rate) in every cell at `DETECTIONS`; one half of the means mirrors the other."""
    half = CELLS // 2
    low = special.betainc(A[:half, :, None], B[:half, :, None], DETECTIONS)
    table = np.concatenate([low, 1 - low[::-1, :, ::-1]])
    return np.asarray(table.reshape(CELLS**2, -1))


def distribution(weights: Weights) -> Float[np.ndarray, "*posterior rate"]:
    """P(p* <= rate) at `DETECTIONS`."""
    return np.asarray(weights.reshape(*weights.shape[:-2], -1) @ _cells())


def rates_at(
    posterior: FamilyPosterior, uniforms: Float[np.ndarray, " draw"]
) -> Float[np.ndarray, " draw"]:
    """Draws of p* by inverse CDF, linear between tabulated rates.

    The same uniforms give comparable draws of two posteriors: if one lies stochastically above the
    other, so does every draw.
    """
    return np.asarray(np.interp(uniforms, distribution(posterior.weights), DETECTIONS))


def expected(
    weights: Weights, values: Float[np.ndarray, " rate"]
) -> Float[np.ndarray, "*posterior"]:
    """E f(p*) of a function given by its values at `DETECTIONS`."""
    return np.asarray(np.diff(distribution(weights), axis=-1) @ ((values[1:] + values[:-1]) / 2))


def widths(weights: Weights, level: float = 0.9) -> Float[np.ndarray, " posterior"]:
    """Widths of the central intervals of p*, of several posteriors."""
    ends = ((1 - level) / 2, (1 + level) / 2)
    found = [np.interp(ends, cdf, DETECTIONS) for cdf in distribution(weights)]
    return np.diff(np.array(found), axis=1)[:, 0]
