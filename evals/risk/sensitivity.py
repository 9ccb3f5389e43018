"""How the answer changes with modelling choices that no data decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float
from scipy import special

from evals.family_posterior import FamilyPosterior, design_effect
from evals.risk.beliefs import Beliefs
from evals.risk.counted import VAGUE, power_prior, robust_mixture
from evals.risk.decomposition import closed, evaluate, harm_by_type, success_at
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.inputs import Inputs
from evals.risk.judged import JudgedBeta, beta_from_interval
from evals.risk.pool import blend
from evals.risk.prevalence import NoSimplex, conditioned, overlap_bounds
from evals.risk.severity import SeverityLink
from evals.risk.summary import Summary, summarise

DEGREES = MappingProxyType({"proxy": 0.3, "subgoal": 0.5, "pseudo": 0.75, "deceptive": 1.0})
"""Degree of misalignment by type: a judgement, in the order of the analysis's potentials."""

POWERS = (0.2, 1.0)
_COUNTED = (
    "counts each detection as a success and the networks as independent after dividing their "
    "number by the design effect of families; replaces the transport weight, types not measured "
    "stay judged"
)


@dataclass(frozen=True)
class Sensitivity:
    """The residual fraction under one modelling choice.

    Attributes:
        name: short and unique.
        choice: what is assumed.
        fraction: R / R0.
        note: what the choice changes besides, or how to read it.
    """

    name: str
    choice: str
    fraction: Summary
    note: str


def sensitivities(
    inputs: Inputs, beliefs: Beliefs, *, weight: float, generator: np.random.Generator
) -> tuple[Sensitivity, ...]:
    """The residual fraction under each choice, from the same draws.

    The first row is the default. Prevalences that cannot sum to 1 have no conditioned row. Power
    priors and the robust mixture have rows only if a type is measured; a type whose detection or
    correction a what-if fixes keeps that supposition.

    Args:
        inputs: draws of one scenario, of `beliefs`.
        beliefs: the judged and the measured distributions.
        weight: transport weight in [0, 1] of the rows that use it.
        generator: for the resampling of prevalences and the components of the mixture.
    """
    link = beliefs.link
    by_type = replace(link, degree=DEGREES)
    shares = [_deceptive_share(inputs, one, weight) for one in (link, by_type)]
    overlap = {w: overlap_bounds(inputs, link, weight=w) for w in {0.0, weight, 1.0}}

    def row(
        name: str, choice: str, note: str, at: Callable[[float], Float[np.ndarray, " draw"]]
    ) -> Sensitivity:
        means = blend(at(0.0), at(1.0), weight)
        return Sensitivity(name, choice, summarise(at(weight), means=means), note)

    def fraction_of(drawn: Inputs) -> Callable[[float], Float[np.ndarray, " draw"]]:
        return lambda w: evaluate(drawn, link, w).fraction

    return (
        row(
            "default",
            "prevalences divided by their sum, severity by the link of the beliefs",
            f"deceptive share of the residual risk: {shares[0]}",
            fraction_of(inputs),
        ),
        *(
            row(
                "conditioned prevalence",
                "judged prevalences conditioned on a sum of 1",
                "resampled draws: the Monte Carlo error is a little larger than stated",
                fraction_of(mixed),
            )
            for mixed in _on_the_simplex(inputs, beliefs, generator)
        ),
        row(
            "overlap, every",
            "types occur side by side; every present type must be handled",
            "an upper bound of what overlapping types can do",
            lambda w: overlap[w].every,
        ),
        row(
            "overlap, any one",
            "types occur side by side; handling one present type is enough",
            "a lower bound of what overlapping types can do",
            lambda w: overlap[w].any_one,
        ),
        row(
            "severity by type",
            "degree of misalignment " + ", ".join(f"{t} {m:g}" for t, m in DEGREES.items()),
            f"deceptive share of the residual risk: {shares[1]}, by default {shares[0]}",
            lambda w: evaluate(inputs, by_type, w).fraction,
        ),
        *_counted_rows(inputs, beliefs, generator),
    )


def _on_the_simplex(
    inputs: Inputs, beliefs: Beliefs, generator: np.random.Generator
) -> tuple[Inputs, ...]:
    """The inputs with conditioned prevalences; none where the judged ones cannot sum to 1."""
    try:
        return (conditioned(inputs, generator, figures=beliefs.figures),)
    except NoSimplex:
        return ()


def _counted_rows(
    inputs: Inputs, beliefs: Beliefs, generator: np.random.Generator
) -> tuple[Sensitivity, ...]:
    """Rows in which effective counts update the judged success itself."""
    supposed = {target.partition(".")[2] for target in beliefs.what_if.fixed}
    measured = {
        name: posterior
        for name, posterior in beliefs.detection.items()
        if posterior is not None and name not in supposed
    }
    if not measured:
        return ()
    component = generator.random(len(inputs.transport))

    def fraction(
        at: Callable[[JudgedBeta, float, float, Float[np.ndarray, " draw"]], np.ndarray],
    ) -> Summary:
        success = inputs.success.copy()
        for name, posterior in measured.items():
            column = MISALIGNMENT_TYPES.index(name)
            judged = beta_from_interval(*beliefs.figures.types[name].success)
            uniforms = special.betainc(judged.a, judged.b, success[:, column])
            success[:, column] = at(judged, *_effective(posterior), uniforms)
        return summarise(evaluate(replace(inputs, success=success), beliefs.link, 0.0).fraction)

    def powered(power: float) -> Sensitivity:
        return Sensitivity(
            f"power prior {power:g}",
            f"judged success updated by {power:.0%} of the effective networks",
            fraction(lambda b, k, n, u: power_prior(b, k, n, weight=power).at(u)),
            _COUNTED,
        )

    mixture = Sensitivity(
        "robust mixture",
        f"judged success with probability {1 - VAGUE:g}, anything with {VAGUE:g}, then the data",
        fraction(lambda b, k, n, u: robust_mixture(b, k, n).at(component, u)),
        _COUNTED,
    )
    return (*(powered(power) for power in POWERS), mixture)


def _effective(posterior: FamilyPosterior) -> tuple[float, float]:
    """Detected and networks over the design effect of families of their mean size."""
    size = posterior.networks / len(posterior.counts)
    effect = design_effect(size, posterior.expected_rho)
    return posterior.detected / effect, posterior.networks / effect


def _deceptive_share(inputs: Inputs, link: SeverityLink, weight: float) -> str:
    """Mean share of the residual risk that is deceptive, over draws that leave any."""
    residual = harm_by_type(inputs, link) * (1 - success_at(inputs, weight))
    left = residual.sum(axis=1) > 0
    if not left.any():
        return "none, as no risk is left"
    return f"{closed(residual[left])[:, MISALIGNMENT_TYPES.index('deceptive')].mean():.2f}"
