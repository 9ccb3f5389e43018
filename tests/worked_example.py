"""The worked example of the risk model: counts of every type, and draws that rest on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import special

from evals.risk.decomposition import Inputs, draw_inputs, sample_cube
from evals.risk.figures import Beliefs, load_figures
from evals.risk.laws import JudgedBeta
from evals.statistics.family_posterior import FamilyCount, FamilyPosterior, family_posterior

FIGURES = load_figures()
NEAR = "near_term"


def families(*detected: int, of: int = 20) -> list[FamilyCount]:
    """Families of equal size."""
    return [FamilyCount(f"family-{i}", k, of) for i, k in enumerate(detected)]


EXAMPLE = {
    "proxy": families(18, 19, 20),
    "subgoal": families(14, 11, 16),
    "pseudo": families(10, 6, 12),
    "deceptive": families(9, 1, 15),
}


def posterior(counts: Sequence[FamilyCount]) -> FamilyPosterior:
    """Of a new family's rate, given at least one network."""
    found = family_posterior(counts)
    assert found is not None
    return found


def frozen_rho(counts: Sequence[FamilyCount], like: FamilyPosterior) -> FamilyPosterior:
    """The posterior with the marginal of rho of another one."""
    learnt = posterior(counts)
    weights = learnt.weights / learnt.weights.sum(axis=0) * like.weights.sum(axis=0)
    return replace(learnt, weights=weights)


def posteriors(
    counts: Mapping[str, Sequence[FamilyCount]] = EXAMPLE,
) -> dict[str, FamilyPosterior | None]:
    """Measured detection by type."""
    return {name: family_posterior(seen) for name, seen in counts.items()}


def drawn(beliefs: Beliefs, draws: int, seed: int, horizon: str = NEAR) -> Inputs:
    """Draws of one horizon."""
    cube = sample_cube(np.random.default_rng(seed), draws)
    return draw_inputs(cube, beliefs, [horizon])[horizon]


def success_given(judged: JudgedBeta, rates: np.ndarray) -> np.ndarray:
    """E[success | d] rate by rate, by integrating over u on a grid of its logit."""
    logits = np.linspace(-40, 40, 4001)
    u, rest = special.expit(logits), special.expit(-logits)
    log_s = np.log(rates)[:, None] / u
    log_density = judged.a * log_s + (judged.b - 1) * np.log(-np.expm1(log_s))
    log_density += np.log(u) + 2 * np.log(rest)  # u(1-u) twice, over u, as ds/dd is s / (u d)
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    return np.asarray((density * np.exp(log_s)).sum(axis=1) / density.sum(axis=1))
