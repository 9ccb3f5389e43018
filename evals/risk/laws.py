"""Tabulated laws: the rate of a new family, and how judged success divides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy import interpolate, special

from evals.risk.judged import JudgedBeta
from evals.statistics.family_posterior import CELLS, GRID_A, GRID_B, FamilyPosterior

Weights = Float[np.ndarray, "*posterior mean rho"]

_ANGLES = np.linspace(0, np.pi / 2, 129)
DETECTIONS = np.sin(_ANGLES) ** 2
"""Rates at which functions of detection are tabulated: dense near 0 and 1."""
_NORMAL = np.linspace(-5, 5, 201)
_LOG_HAZARD = np.linspace(np.log(1e-8), np.log(1e3), 2001)
"""Grid of log(-log c)."""


def split_success(
    success: Float[np.ndarray, "*draws"], uniforms: Float[np.ndarray, "*draws"]
) -> tuple[Float[np.ndarray, "*draws"], Float[np.ndarray, "*draws"]]:
    """Judged detection d = s^u and correction c = s^(1 - u), with u ~ Beta(2, 2); d c = s.

    The analysis judges detection and mitigation together. How the success s divides is a judgement
    of this model: Beta(2, 2) gives both an equal share of log s on average. Uniforms in [0, 1) give
    u by its closed-form inverse CDF.
    """
    share = 0.5 - np.sin(np.arcsin(1 - 2 * uniforms) / 3)
    return success**share, success ** (1 - share)


@dataclass(frozen=True, eq=False)
class Given:
    """One half of the split given the other; d and c are exchangeable.

    Attributes:
        table: log(-log c) by detection (`DETECTIONS`) and normal quantile of the rank of c.
        means: E[c | d] at `DETECTIONS`.
    """

    table: Float[np.ndarray, "detection rank"]
    means: Float[np.ndarray, " detection"]

    def at(
        self, detection: Float[np.ndarray, " draw"], ranks: Float[np.ndarray, " draw"]
    ) -> Float[np.ndarray, " draw"]:
        """Quantiles of c given d at `ranks` in [0, 1), linear between tabulated ones."""
        points = np.arcsin(np.sqrt(detection)), np.clip(special.ndtri(ranks), -5, 5)
        table = interpolate.RegularGridInterpolator((_ANGLES, _NORMAL), self.table)
        return np.asarray(np.exp(-np.exp(table(np.column_stack(points)))))


@lru_cache(maxsize=64)
def given(judged: JudgedBeta) -> Given:
    """The law of c given d, for s ~ `judged` and u ~ Beta(2, 2).

    Changing variables from (s, u) to (d, c), the Jacobian is 1 / |log s|, so with t = -log c and
    h = -log d the density of c given d is proportional to p_s(d c) h t / (h + t)^3. At d = 1 that
    is p_s(c) / t^2, its limit.
    """
    detection = np.clip(DETECTIONS, 1e-9, 1 - 1e-12)[:, None]
    hazard, other = np.exp(_LOG_HAZARD), -np.log(detection)
    log_success = -(hazard + other)
    density = (judged.a - 1) * log_success + (judged.b - 1) * np.log(-np.expm1(log_success))
    # Times t for the density of t per log t, times c for that of c per t.
    density += 2 * _LOG_HAZARD - hazard - 3 * np.log(hazard + other)
    density = np.exp(density - density.max(axis=1, keepdims=True))
    density /= density.sum(axis=1, keepdims=True)
    # c falls as t rises: its rank is the mass above, halfway through the cell itself.
    rank = 1 - np.cumsum(density, axis=1) + density / 2
    wanted = special.ndtr(_NORMAL)
    table = np.stack([np.interp(wanted, row[::-1], _LOG_HAZARD[::-1]) for row in rank])
    return Given(table, np.asarray((density * np.exp(-hazard)).sum(axis=1)))


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

    If one posterior lies stochastically above another, so does every draw at the same uniforms.
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
