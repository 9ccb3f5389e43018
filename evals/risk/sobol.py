"""The share of a quantity's variance that each uncertain input carries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.stats import qmc

from evals.risk.decomposition import GROUPS, WIDTH, Cube, draw_inputs, evaluate
from evals.risk.figures import Beliefs

LOG2_DRAWS = 13
"""The indices keep a standard deviation over scrambles of up to .02."""


@dataclass(frozen=True)
class SobolIndex:
    """Share of the variance that one input carries; shares of several inputs need not sum to 1.

    Attributes:
        group: a name of `GROUPS`; one index for all its columns.
        first: S1, the share that knowing this input alone would remove on average. Noise of the
            sample can make it slightly negative.
        total: ST, what stays on average while all but this input is known; 0 without any effect.
    """

    group: str
    first: float
    total: float


def risk_indices(
    beliefs: Beliefs, horizon: str, *, weight: float, generator: np.random.Generator
) -> dict[str, tuple[SobolIndex, ...]]:
    """Indices of every input, by quantity ("residual", "fraction"), the largest `total` first.

    A quantity that is constant in the draws has none and is absent. S1 = mean(f(B)(f(AB_g) - f(A)))
    / V and ST = mean((f(A) - f(AB_g))^2) / 2V, centred, with A and B the halves of one scrambled
    Sobol sequence and AB_g the sample A with the columns of group g from B (Saltelli et al. 2010).
    """
    sequence = qmc.Sobol(2 * WIDTH, scramble=True, rng=generator).random_base2(LOG2_DRAWS)
    # An exact 0 or 1 would send an unbounded inverse CDF to infinity.
    base, other = np.split(np.clip(sequence, 2.0**-53, 1 - 2.0**-53), 2, axis=1)

    def values(cube: Cube) -> np.ndarray:
        found = evaluate(draw_inputs(cube, beliefs, [horizon])[horizon], weight)
        return np.stack([found.residual, found.fraction])

    n, f_a, f_b = len(base), values(base), values(other)
    pages = []
    for columns in GROUPS.values():
        mixed = base.copy()
        mixed[:, columns] = other[:, columns]
        pages.append(values(mixed))
    indices = {}
    for row, name in enumerate(("residual", "fraction")):
        if np.ptp(f_a[row]) <= 1e-12 * np.abs(f_a[row]).max():
            continue
        f_ab = np.stack([page[[row]] for page in pages])
        found = stats.sobol_indices(func={"f_A": f_a[[row]], "f_B": f_b[[row]], "f_AB": f_ab}, n=n)
        rows = zip(GROUPS, np.ravel(found.first_order), np.ravel(found.total_order), strict=True)
        one = [SobolIndex(group, float(first), float(total)) for group, first, total in rows]
        indices[name] = tuple(sorted(one, key=lambda index: -index.total))
    return indices
