"""The detection rate of a new family, tabulated for draws, means and widths."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy import special

from evals.family_posterior import CELLS, GRID_A, GRID_B, FamilyPosterior
from evals.risk.split import DETECTIONS

Weights = Float[np.ndarray, "*posterior mean rho"]


@lru_cache(maxsize=1)
def _cells() -> Float[np.ndarray, "cell rate"]:
    """P(p* <= rate) in every cell at `DETECTIONS`; one half of the means mirrors the other."""
    half = CELLS // 2
    low = special.betainc(GRID_A[:half, :, None], GRID_B[:half, :, None], DETECTIONS)
    return np.concatenate([low, 1 - low[::-1, :, ::-1]]).reshape(CELLS**2, -1)


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


def widths(weights: Float[np.ndarray, "posterior mean rho"]) -> Float[np.ndarray, " posterior"]:
    """Widths of the central 90% intervals of p*, of several posteriors."""
    found = [np.interp((0.05, 0.95), cdf, DETECTIONS) for cdf in distribution(weights)]
    return np.diff(np.array(found), axis=1)[:, 0]
