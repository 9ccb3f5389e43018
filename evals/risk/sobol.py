"""The share of a quantity's variance that each uncertain input carries."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import qmc

from evals.risk.beliefs import Beliefs
from evals.risk.decomposition import quantity_at
from evals.risk.inputs import GROUPS, WIDTH, Inputs, draw_inputs
from evals.risk.scenario import Scenario
from evals.risk.severity import SeverityLink

LOG_RESIDUAL = "log_residual"
_CONSTANT = 1e-12
_SMALLEST = 2.0**-53


class NothingToExplain(ValueError):
    """A quantity that does not vary, or is not defined, has no share of variance to give."""


@dataclass(frozen=True)
class SobolIndex:
    """Share of the variance that one input carries; shares of several inputs need not sum to 1.

    Attributes:
        group: a name of `GROUPS`; one index for all its columns.
        first: S1, the share that knowing this input alone would remove on average. Noise of the
            sample can make it slightly negative.
        total: ST, the share that stays on average while everything but this input is known; 0
            only for an input without any effect.
    """

    group: str
    first: float
    total: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.first) and math.isfinite(self.total) and self.total >= 0):
            raise ValueError(
                f"{self.group}: got S1 {self.first} and ST {self.total}; wanted finite numbers and "
                "ST of 0 or more"
            )


def saltelli(
    base: Float[np.ndarray, " draw"],
    other: Float[np.ndarray, " draw"],
    mixed: Mapping[str, Float[np.ndarray, " draw"]],
) -> tuple[SobolIndex, ...]:
    """First-order and total indices from a sample A, an independent sample B and their mixtures.

    S1 = mean((f(B) - mu)(f(AB_g) - f(A))) / V and ST = mean((f(A) - f(AB_g))^2) / 2V, with AB_g
    the sample A with the columns of group g from B, mu and V mean and variance over A and B
    (Saltelli et al. 2010; Jansen 1999). Without mu, S1 is noisier the further the mean is from 0.

    Args:
        base: f(A).
        other: f(B).
        mixed: f(AB_g) by group.

    Returns:
        One index per group, in the order of `mixed`.

    Raises:
        NothingToExplain: the quantity has no variance.
        ValueError: on NaN or infinite values, or unequal sizes.
    """
    for name, values in {"A": base, "B": other, **mixed}.items():
        if values.shape != base.shape:
            raise ValueError(f"f of {name} has shape {values.shape}, wanted {base.shape} as f of A")
        if not np.isfinite(values).all():
            raise ValueError(
                f"f of {name} has values that are NaN or infinite; indices need a quantity that is "
                "defined in every draw"
            )
    both = np.concatenate([base, other])
    if not both.size or both.std() <= _CONSTANT * np.abs(both).max():
        raise NothingToExplain(
            f"the quantity has no variance over {both.size} values, so no input has a share of it"
        )
    centred = other - both.mean()
    variance = both.var()
    return tuple(
        SobolIndex(
            group,
            float((centred * (values - base)).mean() / variance),
            float(((base - values) ** 2).mean() / (2 * variance)),
        )
        for group, values in mixed.items()
    )


def sample_pair(
    beliefs: Beliefs,
    scenario: Scenario,
    *,
    generator: np.random.Generator,
    log2_draws: int = 13,
) -> tuple[Inputs, Inputs]:
    """The samples A and B: the two halves of one scrambled Sobol sequence of 2 x WIDTH dimensions.

    Args:
        beliefs: the distributions of the inputs.
        scenario: the system at stake.
        generator: scrambles the sequence.
        log2_draws: binary logarithm of the draws in each sample, 1 to 20. With 2^13 the indices
            keep a standard deviation over scrambles of up to .02.
    """
    if not 1 <= log2_draws <= 20:
        raise ValueError(f"got log2_draws {log2_draws}, wanted 1 to 20; 13 gives 8192 draws")
    sequence = qmc.Sobol(2 * WIDTH, scramble=True, rng=generator).random_base2(log2_draws)
    # An exact 0 or 1 would send an unbounded inverse CDF to infinity.
    sequence = np.clip(sequence, _SMALLEST, 1 - _SMALLEST)
    base, other = (
        draw_inputs(half, beliefs, (scenario,))[scenario.name]
        for half in np.split(sequence, 2, axis=1)
    )
    return base, other


def risk_indices(
    pair: tuple[Inputs, Inputs], link: SeverityLink, *, weight: float, quantity: str
) -> tuple[SobolIndex, ...]:
    """Indices of every input of the decomposition; an input without effect has 0 and 0.

    Args:
        pair: as of `sample_pair`.
        link: from harm multiple to severity.
        weight: transport weight in [0, 1].
        quantity: "residual" for R, "log_residual" for log R, "fraction" for R / R0.

    Returns:
        One index per name of `GROUPS`, the largest `total` first.

    Raises:
        NothingToExplain: the quantity is undefined or constant in the draws.
        ValueError: on an unknown quantity.
    """
    base, other = pair
    mixed = {
        group: _values(base.with_group(group, other), link, weight, quantity) for group in GROUPS
    }
    indices = saltelli(
        _values(base, link, weight, quantity), _values(other, link, weight, quantity), mixed
    )
    return tuple(sorted(indices, key=lambda index: -index.total))


def _values(
    inputs: Inputs, link: SeverityLink, weight: float, quantity: str
) -> Float[np.ndarray, " draw"]:
    if quantity != LOG_RESIDUAL:
        return quantity_at(inputs, link, weight, quantity)
    residual = quantity_at(inputs, link, weight, "residual")
    if not residual.all():
        raise NothingToExplain("the residual risk is 0 in some draws and has no logarithm")
    return np.asarray(np.log(residual))
