"""The share of a quantity's variance that each uncertain input carries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.stats import qmc

from evals.risk.beliefs import Beliefs, Scenario
from evals.risk.decomposition import evaluate
from evals.risk.inputs import GROUPS, WIDTH, Cube, draw_inputs

QUANTITIES = ("residual", "fraction")
_CONSTANT = 1e-12
_SMALLEST = 2.0**-53


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


def risk_indices(
    beliefs: Beliefs,
    scenario: Scenario,
    *,
    weight: float,
    generator: np.random.Generator,
    log2_draws: int = 13,
) -> dict[str, tuple[SobolIndex, ...]]:
    """Indices of every input, by quantity, the largest `total` first.

    S1 = mean(f(B)(f(AB_g) - f(A))) / V and ST = mean((f(A) - f(AB_g))^2) / 2V, centred, with A and
    B the halves of one scrambled Sobol sequence and AB_g the sample A with the columns of group g
    from B (`scipy.stats.sobol_indices`; Saltelli et al. 2010). A group of columns is one page of
    `f_AB`, which the interface allows: it is given values, not the model.

    Args:
        beliefs: the distributions of the inputs.
        scenario: the system at stake.
        weight: transport weight in [0, 1].
        generator: scrambles the sequence.
        log2_draws: binary logarithm of the draws in each sample. With 2^13 the indices keep a
            standard deviation over scrambles of up to .02.

    Returns:
        "residual" for R and "fraction" for R / R0; one that is undefined or constant in the draws
        has no shares and is absent.
    """
    n = 2**log2_draws
    sequence = qmc.Sobol(2 * WIDTH, scramble=True, rng=generator).random_base2(log2_draws)
    # An exact 0 or 1 would send an unbounded inverse CDF to infinity.
    base, other = np.split(np.clip(sequence, _SMALLEST, 1 - _SMALLEST), 2, axis=1)

    def values(cube: Cube) -> np.ndarray:
        drawn = draw_inputs(cube, beliefs, [scenario])[scenario.name]
        found = evaluate(drawn, beliefs.link, weight)
        return np.stack([getattr(found, quantity) for quantity in QUANTITIES])

    f_a, f_b = values(base), values(other)
    pages = []
    for columns in GROUPS.values():
        mixed = base.copy()
        mixed[:, columns] = other[:, columns]
        pages.append(values(mixed))
    both = np.concatenate([f_a, f_b], axis=1)
    varies = both.std(axis=1) > _CONSTANT * np.abs(both).max(axis=1)  # NaN does not
    if not varies.any():
        return {}
    f_ab = np.stack(pages)[:, varies]
    result = stats.sobol_indices(func={"f_A": f_a[varies], "f_B": f_b[varies], "f_AB": f_ab}, n=n)
    first, total = np.atleast_2d(result.first_order), np.atleast_2d(result.total_order)
    names = [quantity for quantity, one in zip(QUANTITIES, varies, strict=True) if one]
    return {
        name: tuple(
            sorted(
                (SobolIndex(g, float(a), float(b)) for g, a, b in zip(GROUPS, s, t, strict=True)),
                key=lambda index: -index.total,
            )
        )
        for name, s, t in zip(names, first, total, strict=True)
    }
