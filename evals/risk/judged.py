"""The distributions behind the judged 90% intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy import interpolate, optimize, special

_Z95 = float(special.ndtri(0.95))
_NODES = np.linspace(-8.5, 8.5, 1501)
_LEAST_WIDTH = 1e-12


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
