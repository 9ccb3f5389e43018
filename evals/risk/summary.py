"""A simulated quantity in five numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from evals.risk.transport import blend
from evals.statistics.family_posterior import FamilyPosterior


@dataclass(frozen=True)
class Summary:
    """Mean and quantiles of draws: 90% of the belief lies between the outer two.

    `mcse` is the standard error of the mean from the finite number of draws, and no uncertainty
    about the world.
    """

    mean: float
    q05: float
    q50: float
    q95: float
    mcse: float

    def times(self, factor: float) -> Summary:
        """The same quantity in another unit."""
        return Summary(*(factor * value for value in vars(self).values()))


def summarise(
    draws: Float[np.ndarray, " draw"], *, means: Float[np.ndarray, " draw"] | None = None
) -> Summary:
    """Summary of independent draws.

    The mean and its standard error are of `means`, if given: conditional expectations with the mean
    of the draws but less noise.
    """
    values = draws if means is None else means
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95]).tolist()
    error = values.std(ddof=1) / math.sqrt(values.size)
    return Summary(float(values.mean()), low, middle, high, float(error))


def summarise_pool(at: Sequence[Float[np.ndarray, " draw"]], weight: float) -> Summary:
    """Summary at a transport weight, from the draws at weights 0, `weight` and 1.

    The mean is exact in the transport draw, hence linear in the weight; quantiles are of the pool.
    """
    judged, pooled, measured = at
    return summarise(pooled, means=blend(judged, measured, weight))


def summarise_rate(posterior: FamilyPosterior | None) -> Summary | None:
    """The rate of a new family, without Monte Carlo error; None without a measurement."""
    if posterior is None:
        return None
    low, middle, high = (posterior.quantile(p) for p in (0.05, 0.5, 0.95))
    return Summary(posterior.mean, low, middle, high, 0.0)
