"""The further measurement that would tell the decision to deploy most per CPU-hour."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from scipy import special

from evals.family_posterior import (
    CELLS,
    GRID_A,
    GRID_B,
    GRID_MEAN,
    FamilyCount,
    FamilyPosterior,
)
from evals.family_width import interval_widths
from evals.risk.candidate import Candidate, Costs
from evals.risk.decomposition import evaluate, harm_by_type, systems_at
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.inputs import Inputs
from evals.risk.pool import check_weight
from evals.risk.severity import SeverityLink

_NEW = "new"
_PRIOR = np.full((CELLS, CELLS), 1 / CELLS**2)
# Dense near 0 and 1, where families that are all or nothing pile up.
_RATES = tuple((np.sin(np.linspace(0, np.pi / 2, 101)) ** 2).tolist())


def next_measurements(
    inputs: Inputs,
    link: SeverityLink,
    posteriors: Mapping[str, FamilyPosterior | None],
    *,
    weight: float,
    decision_level: float,
    costs: Costs,
    access: str,
    networks: int = 10,
) -> tuple[Candidate, ...]:
    """Every further measurement of detection, the most valuable per CPU-hour first.

    Value of sample information for "deploy exactly if E[R | data] < r*" (Raiffa & Schlaifer 1961):
    sum_k P(k) max(0, r* - E[R | k]) - max(0, r* - E[R]) over the number k of networks detected.
    No nested simulation is needed: detection of a type is independent of all else, hence E[R] is
    linear in its mean, E[R | k] follows from the posterior mean after k, and P(k) is exact on the
    grid of the family posterior. Ties, such as all values 0, go to the narrowing of the interval
    per CPU-hour.

    A type not measured so far is judged at every weight, and its first measurement also replaces
    the judgement with probability `weight`. That is a change of the model, not information: its
    value here is against E[R] with a new family's rate under the uniform prior, as the note says.

    Args:
        inputs: draws made with `posteriors`; a type whose detection is supposed known, hence
            constant, has no candidate.
        link: its phi and degrees.
        posteriors: by misalignment type; None or absent without a measurement.
        weight: transport weight in [0, 1]; at 0 no measurement of organisms has value.
        decision_level: r*, a probability of catastrophe.
        costs: CPU time per network.
        access: label of the access level of the rule that the counts come from.
        networks: size of each measurement, at least 1; all in one family.

    Raises:
        ValueError: on fewer than 1 networks, a decision level that is not finite, or posteriors
            that the inputs were not drawn with.
    """
    check_weight(weight)
    if networks < 1:
        raise ValueError(f"got {networks} networks, wanted at least 1")
    if not math.isfinite(decision_level):
        raise ValueError(f"decision level {decision_level} is not finite; state the risk to accept")
    posteriors = {name: posteriors.get(name) for name in MISALIGNMENT_TYPES}
    _check_match(inputs, posteriors)
    lines = _lines(inputs, link, posteriors, weight)
    found = []
    for name, posterior in posteriors.items():
        if _supposed(inputs, name):
            continue
        counts = posterior.counts if posterior is not None else ()
        for seen in (FamilyCount(_NEW, 0, 0), *counts):
            hours = costs.cpu_hours(name, networks)
            now = posterior.weights if posterior is not None else _PRIOR
            odds, after = _outcomes(now, seen, networks)
            value = _value(lines[name], now, odds, after, decision_level)
            candidate = Candidate(
                name,
                seen.family if seen.of else None,
                access,
                networks,
                hours,
                value,
                float(interval_widths(now[None], _RATES)[0]),
                float(odds @ interval_widths(after, _RATES)),
                value / hours,
                _note(value, weight, measured=posterior is not None),
            )
            found.append(candidate)
    return tuple(
        sorted(
            found,
            key=lambda one: (
                -one.value_per_cpu_hour,
                (one.width_after - one.width_now) / one.cpu_hours,
            ),
        )
    )


def expected_risk(
    inputs: Inputs,
    link: SeverityLink,
    posteriors: Mapping[str, FamilyPosterior | None],
    *,
    weight: float,
) -> float | None:
    """E[R] with measured detection at its posterior means, free of the noise of its draws.

    Measurements are valued against this risk; a decision level read off drawn risks should be moved
    by the difference. None where no type is measured.
    """
    every = {name: posteriors.get(name) for name in MISALIGNMENT_TYPES}
    lines = _lines(inputs, link, every, weight)
    for name, posterior in every.items():
        if posterior is not None and not _supposed(inputs, name):
            level, slope = lines[name]
            return level - slope * posterior.mean
    return None


def _lines(
    inputs: Inputs,
    link: SeverityLink,
    posteriors: Mapping[str, FamilyPosterior | None],
    weight: float,
) -> Mapping[str, tuple[float, float]]:
    """Level and slope by type: E[R] = level - slope x mean detection of the type.

    Detection of the other types, and all else, is averaged as it is known now.
    """
    harm = systems_at(inputs, 1.0)[:, None] * harm_by_type(inputs, link)
    slopes = (harm * inputs.correction).mean(axis=0)
    handled = (harm * inputs.success).mean(axis=0)
    for column, name in enumerate(MISALIGNMENT_TYPES):
        posterior = posteriors[name]
        if _supposed(inputs, name):
            handled[column] = slopes[column] * inputs.measured[0, column]
        elif posterior is not None:
            handled[column] = slopes[column] * posterior.mean
    judged_risk = float(evaluate(inputs, link, 0.0).residual.mean())
    levels = harm.sum(axis=1).mean() - handled.sum() + handled
    return {
        name: (float((1 - weight) * judged_risk + weight * level), float(weight * slope))
        for name, level, slope in zip(MISALIGNMENT_TYPES, levels, slopes, strict=True)
    }


def _outcomes(
    now: Float[np.ndarray, "mean rho"], seen: FamilyCount, networks: int
) -> tuple[Float[np.ndarray, " outcome"], Float[np.ndarray, "outcome mean rho"]]:
    """P(k) of k detected among further networks of a family, and the posterior after each k.

    Given (m, rho), the rate of a family with k_f of n_f detected is Beta(ms + k_f,
    (1 - m)s + n_f - k_f) and k is beta-binomial. P(k) equals C(n, k) Z(k_f + k, n_f + n) /
    Z(k_f, n_f), with Z the likelihood of all counts summed over the grid.
    """
    detected = np.arange(networks + 1)[:, None, None]
    a, b = GRID_A + seen.detected, GRID_B + seen.of - seen.detected
    ways = -np.log(networks + 1) - special.betaln(detected + 1, networks - detected + 1)
    log_likelihood = ways + special.betaln(a + detected, b + networks - detected)
    joint = now * np.exp(log_likelihood - special.betaln(a, b))
    odds = joint.sum(axis=(1, 2))
    return odds, joint / odds[:, None, None]


def _value(
    line: tuple[float, float],
    now: Float[np.ndarray, "mean rho"],
    odds: Float[np.ndarray, " outcome"],
    after: Float[np.ndarray, "outcome mean rho"],
    decision_level: float,
) -> float:
    """EVSI as the expected gain of the outcomes that change the decision: 0 when none does."""
    level, slope = line
    risk_now = level - slope * float((now * GRID_MEAN).sum())
    excess = level - slope * (after * GRID_MEAN).sum(axis=(1, 2)) - decision_level
    deploys = risk_now < decision_level
    return float(odds @ np.maximum(excess if deploys else -excess, 0))


def _note(value: float, weight: float, *, measured: bool) -> str:
    notes = []
    if not measured:
        notes.append(
            "not measured so far: the value is against a uniform prior with mean detection 0.50, "
            f"which replaces the judged detection with probability {weight:g} once measured"
        )
    if not weight:
        notes.append("at transport weight 0 no measurement of organisms changes the risk")
    elif not value:
        notes.append("no outcome changes the decision")
    return "; ".join(notes)


def _supposed(inputs: Inputs, name: str) -> bool:
    """Whether detection of a type is a constant: no posterior of rates has equal draws."""
    return bool(np.ptp(inputs.measured[:, MISALIGNMENT_TYPES.index(name)]) == 0)


def _check_match(inputs: Inputs, posteriors: Mapping[str, FamilyPosterior | None]) -> None:
    for name, posterior in posteriors.items():
        drawn = name not in inputs.unmeasured
        if drawn != (posterior is not None) and not _supposed(inputs, name):
            have = "draws" if drawn else "no draws"
            raise ValueError(
                f"the inputs have {have} of measured detection of {name}, unlike the posteriors; "
                "draw them with the same posteriors"
            )
