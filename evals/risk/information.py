"""What knowing an input, or measuring detection once more, is worth for a decision to deploy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement
from statistics import fmean

import numpy as np
from jaxtyping import Float
from scipy import stats

from evals.risk.decomposition import Draws, Inputs, evaluate, harm_by_type, success_curve
from evals.risk.figures import MISALIGNMENT_TYPES, Beliefs
from evals.risk.laws import expected, widths
from evals.risk.transport import blend
from evals.statistics.family_posterior import CELLS, GRID_A, GRID_B, FamilyCount

BINS = 50
"""Classes of an input: fine enough that a change of mind in its outer 2% is not averaged away."""
_PRIOR = np.full((CELLS, CELLS), 1 / CELLS**2)


@dataclass(frozen=True)
class Candidate:
    """A measurement one could make next: so many networks of one family, built and scored.

    Attributes:
        family: the seen family to build more of; None for a new family.
        value: EVSI, the expected fall of the risk from deciding after the measurement instead of
            now, in the unit of the risk; 0 when no outcome changes the decision.
        cpu_hours: of building and scoring them; None where nobody measured the cost, as is then
            `value_per_cpu_hour`.
        width_now, width_after: of the 90% interval of a new family's rate, now and to expect; an
            outcome at odds with the families seen can widen it.
    """

    misalignment: str
    family: str | None
    access: str
    networks: int
    cpu_hours: float | None
    value: float
    width_now: float
    width_after: float
    value_per_cpu_hour: float | None

    @property
    def rank(self) -> tuple[float, float]:
        """Lower is better: most valuable per CPU-hour, then what narrows most per CPU-hour.

        Where no cost is known, all cost the same.
        """
        hours = self.cpu_hours or 1.0
        return (-self.value / hours, (self.width_after - self.width_now) / hours)


def information_values(
    inputs: Inputs, *, weight: float, decision_level: float, generator: np.random.Generator
) -> dict[str, float]:
    """The value of knowing everything and each input alone, in the unit of the risk.

    One deploys if the expected risk is below r*: deploying gains r* - R and not deploying 0, and
    who knows R takes the better of the two every time (Raiffa & Schlaifer 1961). Knowing whether
    the organisms stand for the system is learning which of the expected risks at weight 0 and 1
    holds; for every other input R is averaged over that. Judged success counts by itself: how it
    divides into detection and correction is a judgement of this model.

    Returns:
        `everything` (EVPI), then inputs by the names of `GROUPS` (EVPPI), the largest first; they
        do not add up. What was not measured is not listed, nor anything measured at weight 0.
    """
    judged, measured = (evaluate(inputs, w).residual for w in (0.0, 1.0))
    risk = blend(judged, measured, weight)
    ends, odds = np.array([judged.mean(), measured.mean()]), np.array([1 - weight, weight])
    found = {"transport": _gain(ends, odds, float(risk.mean()), decision_level)}
    # To know everything is to know transport first, then everything else given transport.
    given = [perfect_information(r, decision_level=decision_level) for r in (judged, measured)]
    everything = found["transport"] + float(odds @ given)
    for group, columns in _parameters(inputs, weight).items():
        found[group] = partial_information(
            risk, columns, decision_level=decision_level, generator=generator
        )
    return {"everything": everything, **dict(sorted(found.items(), key=lambda item: -item[1]))}


def perfect_information(risk: Draws, *, decision_level: float) -> float:
    """EVPI = E max(0, r* - R) - max(0, r* - E R)."""
    return _gain(risk, np.ones(risk.size), float(risk.mean()), decision_level)


def partial_information(
    risk: Draws,
    parameters: Float[np.ndarray, "draw column"],
    *,
    decision_level: float,
    generator: np.random.Generator,
) -> float:
    """EVPPI = E max(0, r* - E[R | theta]) - max(0, r* - E R) of at least one column theta.

    E[R | theta] is estimated from the same draws: for one column by the mean in `BINS` classes of
    equal size by rank (tied values share a class), for several by least squares on all monomials
    up to degree 3 (Strong, Oakley & Brennan 2014). A fit follows noise too, so the value that it
    finds for permuted parameters, which tell nothing, is subtracted, and a negative rest is 0.
    """
    varying = parameters[:, np.ptp(parameters, axis=0) > 0]
    if not varying.size:
        return 0.0
    # Permuting the risk against the parameters is the same as permuting the parameters.
    cases, mean = (risk, generator.permutation(risk)), float(risk.mean())
    if varying.shape[1] > 1:
        fits, counts = _cubic_fits(varying, np.stack(cases, axis=1)).T, np.ones(risk.size)
    else:
        ranks = stats.rankdata(varying[:, 0])
        classes = ((ranks - 0.5) / risk.size * BINS).astype(np.intp)
        counts = np.bincount(classes, minlength=BINS).astype(np.float64)
        sums = [np.bincount(classes, weights=values, minlength=BINS) for values in cases]
        fits = np.stack(sums) / np.maximum(counts, 1)
    fitted, null = (_gain(fit, counts, mean, decision_level) for fit in fits)
    return max(0.0, fitted - null)


def next_measurements(
    inputs: Inputs,
    beliefs: Beliefs,
    *,
    weight: float,
    decision_level: float,
    cpu_seconds: Mapping[str, float],
    access: str,
    networks: int = 10,
) -> tuple[Candidate, ...]:
    """Every further measurement of detection, the best first; none of a rate that is supposed.

    Value of sample information, sum_k P(k) max(0, r* - E[R | k]) - max(0, r* - E[R]) over the
    number k of networks detected. No nested simulation is needed: detection of a type is
    independent of its harm, hence E[R] is linear in E[x], the success expected of a new family,
    which the posterior after k gives on its grid, as it gives P(k).

    A type not measured so far is judged at every weight, and its first measurement also replaces
    the judgement with probability `weight`. That is a change of the model, not information: its
    value here is against E[R] with a new family's rate under the uniform prior.

    Args:
        inputs: draws made with `beliefs`.
        cpu_seconds: of building and scoring a network, by type; a type that is absent costs the
            mean of those present, and empty means that nobody knows.
        access: of the rule that `beliefs` come from.
    """
    judged, measured = (evaluate(inputs, at).residual.mean() for at in (0.0, 1.0))
    risk = (1 - weight) * judged + weight * measured
    harm = weight * harm_by_type(inputs, 1.0).mean(axis=0)
    usual = fmean(cpu_seconds.values()) if cpu_seconds else None
    found = []
    for column, name in enumerate(MISALIGNMENT_TYPES):
        if f"detect.{name}" in beliefs.supposed:
            continue
        posterior = beliefs.detection.get(name)
        now = posterior.weights if posterior else _PRIOR
        curve = success_curve(beliefs, inputs, name)
        success = float(expected(now, curve))
        change = 0.0 if posterior else inputs.success[:, column].mean() - success
        now_risk = risk + harm[column] * change
        seconds = cpu_seconds.get(name, usual)
        hours = None if seconds is None else networks * seconds / 3600
        for seen in (FamilyCount("", 0, 0), *(posterior.counts if posterior else ())):
            odds, after = _outcomes(now, seen, networks)
            outcomes = now_risk - harm[column] * (expected(after, curve) - success)
            value = _gain(outcomes, odds, now_risk, decision_level)
            found.append(
                Candidate(
                    misalignment=name,
                    family=seen.family or None,
                    access=access,
                    networks=networks,
                    cpu_hours=hours,
                    value=value,
                    width_now=float(widths(now[None])[0]),
                    width_after=float(odds @ widths(after)),
                    value_per_cpu_hour=None if hours is None else value / hours,
                )
            )
    return tuple(sorted(found, key=lambda one: one.rank))


def _outcomes(
    now: Float[np.ndarray, "mean rho"], seen: FamilyCount, networks: int
) -> tuple[Float[np.ndarray, " outcome"], Float[np.ndarray, "outcome mean rho"]]:
    """P(k) of k detected among further networks of a family, and the posterior after each k."""
    joint = now * _beta_binomial(seen.detected, seen.of, networks)
    odds = joint.sum(axis=(1, 2))
    # the probability of an outcome far from all that was seen can be too small for a float
    return odds, joint / np.where(odds > 0, odds, 1)[:, None, None]


@lru_cache(maxsize=32)
def _beta_binomial(detected: int, of: int, networks: int) -> Float[np.ndarray, "outcome mean rho"]:
    """P(k | m, rho) of further networks of a family of rate Beta(ms + k_f, (1-m)s + n_f - k_f)."""
    law = stats.betabinom(networks, GRID_A + detected, GRID_B + of - detected)
    return np.asarray(law.pmf(np.arange(networks + 1)[:, None, None]))


def _parameters(inputs: Inputs, weight: float) -> Mapping[str, Float[np.ndarray, "draw column"]]:
    """Draws by group; what is measured only where it is and counts."""
    swept = ("measured_emergence", "measured_misaligned")
    scalars = ("emergence", "misaligned", "multiple", "kappa", *swept)
    found = {name: getattr(inputs, name)[:, None] for name in scalars}
    found["prevalence"] = inputs.prevalence
    for column, name in enumerate(MISALIGNMENT_TYPES):
        found[f"judged_{name}"] = inputs.success[:, [column]]
        found[f"measured_{name}"] = inputs.measured[:, [column]]
    return {
        group: columns
        for group, columns in found.items()
        if not group.startswith("measured_") or (weight > 0 and not np.isnan(columns).any())
    }


def _cubic_fits(
    columns: Float[np.ndarray, "draw column"], values: Float[np.ndarray, "draw case"]
) -> Float[np.ndarray, "draw case"]:
    """Least-squares fits of each case by the monomials of the columns up to degree 3."""
    scaled = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    padded = np.column_stack([np.ones(len(scaled)), scaled])  # so that degree 3 holds the lower
    chosen = combinations_with_replacement(range(padded.shape[1]), 3)
    design = np.stack([padded[:, powers].prod(axis=1) for powers in chosen], axis=1)
    weights, *_ = np.linalg.lstsq(design.T @ design, design.T @ values)
    return np.asarray(design @ weights)


def _gain(
    risks: Float[np.ndarray, " outcome"],
    odds: Float[np.ndarray, " outcome"],
    mean: float,
    decision_level: float,
) -> float:
    """Expected gain of deciding after the outcome instead of now.

    Equals E max(0, r* - risk) - max(0, r* - mean) when the risks average to `mean`, but is exactly
    0 when no outcome changes the decision.
    """
    excess = risks - decision_level
    regret = np.maximum(excess, 0) if mean < decision_level else np.maximum(-excess, 0)
    return float(np.average(regret, weights=odds))
