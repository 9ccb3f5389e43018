"""Laws of what is uncertain: a judged interval, how judged success divides, a new family's rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy import interpolate, optimize, special

from evals.statistics.family_posterior import CELLS, GRID_A, GRID_B, FamilyPosterior

Weights = Float[np.ndarray, "*posterior mean rho"]

_Z95 = float(special.ndtri(0.95))
_NODES = np.linspace(-8.5, 8.5, 1501)
_LEAST_WIDTH = 1e-12

_ANGLES = np.linspace(0, np.pi / 2, 129)
DETECTIONS = np.sin(_ANGLES) ** 2
"""Rates at which functions of detection are tabulated: dense near 0 and 1."""
_NORMAL = np.linspace(-5, 5, 201)
_LOG_HAZARD = np.linspace(np.log(1e-8), np.log(1e3), 2001)
"""Grid of log(-log c)."""


@dataclass(frozen=True)
class JudgedBeta:
    """Beta(a, b): a probability judged by its 5% and 95% quantiles."""

    a: float
    b: float

    def at(self, uniforms: Float[np.ndarray, " draw"]) -> Float[np.ndarray, " draw"]:
        """Quantiles at `uniforms` in [0, 1): draws by inverse CDF.

        More draws than `_NODES` are read off a table, ten times as fast and within 1e-9 of exact.
        """
        table = _quantile_table(self.a, self.b)
        if table is None or uniforms.size <= _NODES.size:
            return np.asarray(special.betaincinv(self.a, self.b, uniforms))
        normal = np.clip(special.ndtri(uniforms), _NODES[0], _NODES[-1])
        return np.asarray(special.expit(table(normal)))


@dataclass(frozen=True)
class JudgedLognormal:
    """exp(mu + sigma Z): a positive multiple judged by its quantiles. sigma 0 is a constant."""

    mu: float
    sigma: float

    def at(self, uniforms: Float[np.ndarray, " draw"]) -> Float[np.ndarray, " draw"]:
        """Quantiles at `uniforms` in [0, 1): draws by inverse CDF."""
        if not self.sigma:
            return np.full(uniforms.shape, math.exp(self.mu))
        return np.asarray(np.exp(self.mu + self.sigma * special.ndtri(uniforms)))


@lru_cache(maxsize=64)
def beta_from_interval(low: float, high: float) -> JudgedBeta:
    """The Beta whose 5% and 95% quantiles are `low` and `high`, by least squares on both.

    Raises:
        ValueError: unless 0 < low < high < 1, far enough apart, and when the fit misses.
    """
    if not (0 < low < high < 1 and high - low >= _LEAST_WIDTH):
        raise ValueError(
            f"no Beta has the 90% interval [{low}, {high}]; wanted 0 < 5% quantile < 95% quantile "
            f"< 1, {_LEAST_WIDTH:g} apart or more, so widen the interval or move its ends"
        )
    mean, sd = (low + high) / 2, (high - low) / (2 * _Z95)
    size = max(mean * (1 - mean) / sd**2 - 1, 0.5)

    def misfit(logs: Float[np.ndarray, "2"]) -> Float[np.ndarray, "2"]:
        a, b = np.exp(logs)
        found = special.betaincinv(a, b, np.array([0.05, 0.95]))
        return np.asarray((found - np.array([low, high])) / (high - low))

    start = np.log([mean * size, (1 - mean) * size])
    fit = optimize.least_squares(misfit, start, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    miss = float(np.abs(fit.fun).max())
    if miss > 1e-9:
        raise ValueError(
            f"the Beta fit of the 90% interval [{low}, {high}] missed by {miss:.1e} of its width; "
            "move the interval away from 0 and 1, or widen it"
        )
    a, b = np.exp(fit.x)
    return JudgedBeta(float(a), float(b))


def beta_from_bound(low: float, high: float) -> JudgedBeta:
    """`beta_from_interval`; from 0, the Beta(1, b) whose 95% quantile is `high`.

    An interval from 0 fixes one quantile only: that the density falls from 0 on is a judgement.
    """
    if low == 0 and _LEAST_WIDTH <= high < 1:
        return JudgedBeta(1.0, math.log(0.05) / math.log1p(-high))
    return beta_from_interval(low, high)


def lognormal_from_interval(low: float, high: float) -> JudgedLognormal:
    """The lognormal whose 5% and 95% quantiles are `low` and `high`; a constant when equal."""
    if not 1e-9 <= low <= high <= 1e9:  # wider than any judgement; draws stay finite
        raise ValueError(
            f"no harm multiple has the 90% interval [{low}, {high}]; wanted 1e-09 <= 5% quantile "
            "<= 95% quantile <= 1e+09, as multiples of the harm of a GPT-4 class system, which is 1"
        )
    mu = (math.log(low) + math.log(high)) / 2
    return JudgedLognormal(mu, (math.log(high) - math.log(low)) / (2 * _Z95))


@lru_cache(maxsize=64)
def _quantile_table(a: float, b: float) -> interpolate.CubicSpline | None:
    """Logit of the Beta quantile as a function of the normal one, which is nearly straight.

    None where a tail is too heavy for floating point.
    """
    # Each half from its own tail, where the quantile keeps all its digits.
    low = special.logit(special.betaincinv(a, b, special.ndtr(_NODES[_NODES <= 0])))
    high = -special.logit(special.betaincinv(b, a, special.ndtr(-_NODES[_NODES > 0])))
    logits = np.concatenate([low, high])
    return interpolate.CubicSpline(_NODES, logits) if np.isfinite(logits).all() else None


def split_success(
    success: Float[np.ndarray, "*draws"], uniforms: Float[np.ndarray, "*draws"]
) -> tuple[Float[np.ndarray, "*draws"], Float[np.ndarray, "*draws"]]:
    """OpenedScores detection d = s^u and correction c = s^(1 - u), with u ~ Beta(2, 2); d c = s.

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
