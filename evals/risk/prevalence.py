"""Other ways than closure to make one mixture of the judged prevalences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from jaxtyping import Float
from scipy import stats

from evals.risk.decomposition import success_at
from evals.risk.figures import MISALIGNMENT_TYPES, Figures
from evals.risk.inputs import Inputs
from evals.risk.judged import beta_from_interval
from evals.risk.severity import SeverityLink

_LEAST_EFFECTIVE_DRAWS = 10.0


class NoSimplex(ValueError):
    """Judged prevalences that no mixture of types, with shares that sum to 1, agrees with."""


@dataclass(frozen=True, eq=False)
class OverlapBounds:
    """Residual fractions R / R0 when one system can have several types of misalignment.

    Attributes:
        every: if a system is safe only when every type that it has is handled.
        any_one: if handling any one of its types makes a system safe. At most `every`; NaN with it
            where no type has any severity or none is ever present.
    """

    every: Float[np.ndarray, " draw"]
    any_one: Float[np.ndarray, " draw"]

    def __post_init__(self) -> None:
        if np.any(self.any_one > self.every + 1e-9):
            raise ValueError("handling one type leaves more risk than handling all; swap the two")


def conditioned(inputs: Inputs, generator: np.random.Generator, *, figures: Figures) -> Inputs:
    """The draws with prevalences from the judged Betas conditioned on a sum of 1.

    Three types keep their draws; the type with the widest interval is 1 less their sum. The density
    of the conditioned product of Betas over that of the three draws is the fourth's own Beta
    density there: it is the importance weight, by which whole rows are resampled systematically
    (one uniform, evenly spaced positions). All other inputs stay as they are; rows repeat, so a
    standard error from the draws is a little too small.

    Args:
        inputs: draws whose prevalences are independent, as of `draw_inputs`.
        generator: for the one uniform.
        figures: the judged prevalences of `inputs`.

    Raises:
        NoSimplex: when no row, or too few to resample, leaves the widest type a share that its
            Beta agrees with: in terms of (sum w)^2 / sum w^2, the effective number of draws.
    """
    widths = [np.ptp(figures.types[name].prevalence) for name in MISALIGNMENT_TYPES]
    last = int(np.argmax(widths))
    judged = beta_from_interval(*figures.types[MISALIGNMENT_TYPES[last]].prevalence)
    prevalence = inputs.prevalence.copy()
    prevalence[:, last] = 0
    prevalence[:, last] = 1 - prevalence.sum(axis=1)
    share = prevalence[:, last]
    # At 0 and 1 the density can be infinite.
    weights = np.where((share > 0) & (share < 1), stats.beta.pdf(share, judged.a, judged.b), 0.0)
    largest = weights.max()
    effective = (weights / largest).sum() ** 2 / ((weights / largest) ** 2).sum() if largest else 0
    if effective < min(_LEAST_EFFECTIVE_DRAWS, len(weights)):
        kept = prevalence.sum(axis=1) - share
        raise NoSimplex(
            f"the judged prevalences cannot sum to 1: beside the other types, which take "
            f"{np.median(kept):.2f} in the median, {MISALIGNMENT_TYPES[last]} is left a share that "
            f"it is judged to have in {effective:.1f} effective draws of {len(weights)}, wanted "
            f"{_LEAST_EFFECTIVE_DRAWS:g}; move the intervals until their midpoints sum to about 1"
        )
    positions = (np.arange(len(weights)) + generator.random()) / len(weights)
    # The largest position is below 1, so dividing by the last sum keeps every row inside.
    cumulative = np.cumsum(weights)
    rows = np.searchsorted(cumulative / cumulative[-1], positions, side="right")
    return replace(inputs, prevalence=prevalence[rows])


def overlap_bounds(inputs: Inputs, link: SeverityLink, *, weight: float) -> OverlapBounds:
    """The residual fraction when prevalences are chances of types present side by side.

    A misaligned system has each type independently with its judged prevalence, unclosed, and at
    least one. Its severity is the largest of its types'; each type is handled independently with
    its success x_t. Over the 15 patterns T of present types, fraction = sum P(T) S(T) u(T) /
    sum P(T) S(T), with u = 1 - prod x_t (every) or prod (1 - x_t) (any one), t in T.

    Args:
        inputs: the draws; their prevalences need not sum to 1.
        link: its phi and degrees; kappa is among the draws.
        weight: transport weight in [0, 1] of the success.
    """
    success = success_at(inputs, weight)
    severity = link.at(inputs.multiple, inputs.kappa)
    harm, every, any_one = np.zeros((3, len(success)))
    for pattern in product((False, True), repeat=len(MISALIGNMENT_TYPES)):
        present = np.array(pattern)
        if not present.any():
            continue
        # P(T) up to 1 - prod(1 - q), which cancels.
        chance = np.where(present, inputs.prevalence, 1 - inputs.prevalence).prod(axis=1)
        part = chance * severity[:, present].max(axis=1)
        harm += part
        every += part * (1 - success[:, present].prod(axis=1))
        any_one += part * (1 - success[:, present]).prod(axis=1)
    return OverlapBounds(_ratio(every, harm), _ratio(any_one, harm))


def _ratio(
    unhandled: Float[np.ndarray, " draw"], harm: Float[np.ndarray, " draw"]
) -> Float[np.ndarray, " draw"]:
    nothing = np.full_like(harm, np.nan)
    return np.asarray(np.divide(unhandled, harm, out=nothing, where=harm > 0))
