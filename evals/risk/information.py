"""What knowing an input, or measuring detection once more, is worth for a decision to deploy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np
from jaxtyping import Float
from scipy import stats

from evals.family_posterior import CELLS, GRID_A, GRID_B, FamilyCount
from evals.risk.beliefs import Beliefs
from evals.risk.decomposition import evaluate, harm_by_type
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.inputs import Draws, Inputs, success_curve
from evals.risk.new_family import expected, widths
from evals.risk.transport import blend

_SCALARS = (
    "emergence", "misaligned", "multiple", "kappa", "measured_emergence", "measured_misaligned",
)  # fmt: skip
BINS = 50
"""Classes of an input: fine enough that a change of mind in its outer 2% is not averaged away."""
_PRIOR = np.full((CELLS, CELLS), 1 / CELLS**2)


@dataclass(frozen=True)
class InformationValue:
    """The value of knowing one input exactly.

    Attributes:
        group: the input, a name of `GROUPS`.
        value: EVPPI, in the unit of the risk; 0 when no value of the input changes the decision.
        share: of the value of knowing everything; None where that is 0. Shares do not add up.
    """

    group: str
    value: float
    share: float | None


@dataclass(frozen=True)
class InformationTable:
    """The value of information for "deploy exactly if the expected risk is below a level".

    Attributes:
        decision_level: r*, in the unit of the risk; every value below depends on it.
        expected_risk: E[R] as things are known now; one deploys if it is below the level.
        perfect: EVPI, the value of knowing every input and whether the organisms stand for the
            system at stake.
        values: one per input, the largest first.
    """

    decision_level: float
    expected_risk: float
    perfect: float
    values: tuple[InformationValue, ...]


@dataclass(frozen=True)
class Candidate:
    """A measurement one could make next.

    Attributes:
        misalignment: type of the networks to build.
        family: the seen family to build more of; None for a new family.
        access: what the detection rule may look at.
        networks: how many, in one family.
        cpu_hours: of building and scoring them.
        value: EVSI, the expected fall of the risk from deciding after the measurement instead of
            now, in the unit of the risk; 0 when no outcome changes the decision.
        width_now: width of the 90% interval of a new family's detection rate.
        width_after: the width to expect after the measurement; an outcome at odds with the
            families seen can widen it.
        value_per_cpu_hour: value / cpu_hours.
        note: what a reader must know, or nothing.
    """

    misalignment: str
    family: str | None
    access: str
    networks: int
    cpu_hours: float
    value: float
    width_now: float
    width_after: float
    value_per_cpu_hour: float
    note: str


def perfect_information(risk: Draws, *, decision_level: float) -> float:
    """EVPI = E max(0, r* - R) - max(0, r* - E R), in the unit of the risk.

    Deploying gains r* - R and not deploying 0; knowing R one takes the better of the two every
    time, not just on average (Raiffa & Schlaifer 1961).
    """
    return _gain(risk, np.ones(risk.size), float(risk.mean()), decision_level)


def partial_information(
    risk: Draws,
    parameters: Float[np.ndarray, "draw column"],
    *,
    decision_level: float,
    generator: np.random.Generator,
    bins: int = BINS,
) -> float:
    """EVPPI = E max(0, r* - E[R | theta]) - max(0, r* - E R), in the unit of the risk.

    E[R | theta] is estimated from the same draws: for one column by the mean in `bins` classes of
    equal size by rank (tied values share a class), for several by least squares on all monomials
    up to degree 3 (Strong, Oakley & Brennan 2014). A fit follows noise too, so the value that it
    finds for permuted parameters, which tell nothing, is subtracted, and a negative rest is 0. For
    a standard deviation sd and r* at the mean the null is about .005 sd with 100,000 draws; below
    it a value is not told from 0.

    Args:
        risk: R.
        parameters: theta, at least one column; a constant column tells nothing.
        decision_level: r*.
        generator: permutes the parameters.
        bins: classes for one column.
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
        classes = ((ranks - 0.5) / risk.size * bins).astype(np.intp)
        counts = np.bincount(classes, minlength=bins).astype(np.float64)
        sums = [np.bincount(classes, weights=values, minlength=bins) for values in cases]
        fits = np.stack(sums) / np.maximum(counts, 1)
    fitted, null = (_gain(fit, counts, mean, decision_level) for fit in fits)
    return max(0.0, fitted - null)


def information_table(
    inputs: Inputs, *, weight: float, decision_level: float, generator: np.random.Generator
) -> InformationTable:
    """The value of knowing each input, alone, for the decision to deploy.

    All is exact in the transport draw. The value of knowing whether the organisms stand for the
    system is that of learning which of the two expected risks, at weight 0 or 1, holds; for every
    other input R is averaged over that. Judged success counts by itself: how it divides into
    detection and correction is a judgement of this model.

    Args:
        inputs: the draws; what is not measured is not listed, nor anything measured at weight 0.
        weight: transport weight in [0, 1].
        decision_level: r*, a probability of catastrophe.
        generator: permutes, for the null of each input.
    """
    judged, measured = (evaluate(inputs, w).residual for w in (0.0, 1.0))
    risk = blend(judged, measured, weight)
    mean = float(risk.mean())
    ends, odds = np.array([judged.mean(), measured.mean()]), np.array([1 - weight, weight])
    found = {"transport": _gain(ends, odds, mean, decision_level)}
    # To know everything is to know transport first, then everything else given transport.
    given = [perfect_information(r, decision_level=decision_level) for r in (judged, measured)]
    perfect = found["transport"] + float(odds @ given)
    for group, columns in _parameters(inputs, weight).items():
        found[group] = partial_information(
            risk, columns, decision_level=decision_level, generator=generator
        )
    values = [
        InformationValue(group, value, value / perfect if perfect else None)
        for group, value in sorted(found.items(), key=lambda item: -item[1])
    ]
    return InformationTable(decision_level, mean, perfect, tuple(values))


def next_measurements(
    inputs: Inputs,
    beliefs: Beliefs,
    *,
    risk: float,
    weight: float,
    decision_level: float,
    cpu_seconds: Mapping[str, float],
    access: str,
    networks: int = 10,
) -> tuple[Candidate, ...]:
    """Every further measurement of detection, the most valuable per CPU-hour first.

    Value of sample information for "deploy exactly if E[R | data] < r*" (Raiffa & Schlaifer 1961):
    sum_k P(k) max(0, r* - E[R | k]) - max(0, r* - E[R]) over the number k of networks detected. No
    nested simulation is needed: detection of a type is independent of its harm, hence E[R] is
    linear in E[x], the success expected of a new family, which the posterior after k gives on its
    grid, as it gives P(k). Ties, such as all values 0, go to what narrows most per CPU-hour.

    A type not measured so far is judged at every weight, and its first measurement also replaces
    the judgement with probability `weight`. That is a change of the model, not information: its
    value here is against E[R] with a new family's rate under the uniform prior, as the note says.

    Args:
        inputs: draws made with `beliefs`; a type whose detection is supposed has no candidate.
        beliefs: with the posteriors so far.
        risk: E[R] as things are known now.
        weight: transport weight in [0, 1]; at 0 no measurement of organisms has value.
        decision_level: r*.
        cpu_seconds: of building and scoring a network, by type, at least one; a type that is absent
            costs the mean of those present.
        access: label of the access level of the rule that the counts come from.
        networks: size of each measurement, all in one family.
    """
    harm = weight * harm_by_type(inputs, 1.0).mean(axis=0)
    usual = sum(cpu_seconds.values()) / len(cpu_seconds)
    found = []
    for column, name in enumerate(MISALIGNMENT_TYPES):
        if f"detect.{name}" in beliefs.what_if.fixed:
            continue
        posterior = beliefs.detection.get(name)
        now = posterior.weights if posterior else _PRIOR
        curve = success_curve(beliefs, inputs, name)
        success = float(expected(now, curve))
        change = 0.0 if posterior else inputs.success[:, column].mean() - success
        now_risk = risk + harm[column] * change
        hours = networks * cpu_seconds.get(name, usual) / 3600
        for seen in (FamilyCount("", 0, 0), *(posterior.counts if posterior else ())):
            odds, after = _outcomes(now, seen, networks)
            outcomes = now_risk - harm[column] * (expected(after, curve) - success)
            value = _gain(outcomes, odds, now_risk, decision_level)
            candidate = Candidate(
                name,
                seen.family or None,
                access,
                networks,
                hours,
                value,
                float(widths(now[None])[0]),
                float(odds @ widths(after)),
                value / hours,
                _note(value, weight, measured=posterior is not None),
            )
            found.append(candidate)
    return tuple(sorted(found, key=order))


def order(one: Candidate) -> tuple[float, float]:
    """The most valuable per CPU-hour first, then what narrows most per CPU-hour."""
    return (-one.value_per_cpu_hour, (one.width_after - one.width_now) / one.cpu_hours)


def _outcomes(
    now: Float[np.ndarray, "mean rho"], seen: FamilyCount, networks: int
) -> tuple[Float[np.ndarray, " outcome"], Float[np.ndarray, "outcome mean rho"]]:
    """P(k) of k detected among further networks of a family, and the posterior after each k."""
    joint = now * _beta_binomial(seen.detected, seen.of, networks)
    odds = joint.sum(axis=(1, 2))
    return odds, joint / odds[:, None, None]


@lru_cache(maxsize=32)
def _beta_binomial(detected: int, of: int, networks: int) -> Float[np.ndarray, "outcome mean rho"]:
    """P(k | m, rho) of further networks of a family of rate Beta(ms + k_f, (1-m)s + n_f - k_f)."""
    law = stats.betabinom(networks, GRID_A + detected, GRID_B + of - detected)
    return np.asarray(law.pmf(np.arange(networks + 1)[:, None, None]))


def _note(value: float, weight: float, *, measured: bool) -> str:
    if not weight:
        return "at transport weight 0 no measurement of organisms changes the risk"
    first = (
        "not measured so far: the value is against a uniform prior with mean detection 0.50, which "
        f"replaces the judged detection with probability {weight:g} once measured"
    )
    notes = ([] if measured else [first]) + ([] if value else ["no outcome changes the decision"])
    return "; ".join(notes)


def _parameters(inputs: Inputs, weight: float) -> Mapping[str, Float[np.ndarray, "draw column"]]:
    """Draws by group; what is measured only where it is and counts."""
    found = {name: getattr(inputs, name)[:, None] for name in _SCALARS}
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
