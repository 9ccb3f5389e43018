"""What knowing an input would be worth for the decision to deploy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from jaxtyping import Float
from scipy import stats

from evals.risk.decomposition import quantity_at
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.inputs import Inputs
from evals.risk.pool import blend, check_weight
from evals.risk.severity import SeverityLink

_SCALARS = ("emergence", "misaligned", "multiple", "kappa")
_DEGREE = 3
# Finer than the default: a change of mind in the outer 2% of an input is not averaged away.
_TABLE_BINS = 50


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

    def __post_init__(self) -> None:
        if not 0 <= self.value < math.inf:
            raise ValueError(f"{self.group}: value {self.value} of information is no number >= 0")


@dataclass(frozen=True)
class InformationTable:
    """The value of information for "deploy exactly if the expected risk is below a level".

    Attributes:
        decision_level: r*, in the unit of the risk; every value below depends on it.
        expected_risk: E[R] as things are known now.
        deploys: the decision now.
        perfect: EVPI, the value of knowing every input and whether the organisms stand for the
            system at stake.
        values: one per input, the largest first.
    """

    decision_level: float
    expected_risk: float
    deploys: bool
    perfect: float
    values: tuple[InformationValue, ...]

    def __post_init__(self) -> None:
        if self.deploys != (self.expected_risk < self.decision_level):
            raise ValueError(
                f"deploys is {self.deploys} at an expected risk of {self.expected_risk} and a "
                f"level of {self.decision_level}; it means risk < level"
            )


def perfect_information(risk: Float[np.ndarray, " draw"], *, decision_level: float) -> float:
    """EVPI = E max(0, r* - R) - max(0, r* - E R), in the unit of the risk.

    Deploying gains r* - R and not deploying 0; knowing R one takes the better of the two every
    time, not just on average (Raiffa & Schlaifer 1961).

    Raises:
        ValueError: without draws, or on NaN.
    """
    _check(risk, decision_level)
    return _gain(risk, np.ones(risk.size), float(risk.mean()), decision_level)


def partial_information(
    risk: Float[np.ndarray, " draw"],
    parameters: Float[np.ndarray, "draw column"],
    *,
    decision_level: float,
    generator: np.random.Generator,
    bins: int = 20,
) -> float:
    """EVPPI = E max(0, r* - E[R | theta]) - max(0, r* - E R), in the unit of the risk.

    E[R | theta] is estimated from the same draws: for one column by the mean in `bins` classes of
    equal size by rank (tied values share a class), for several by least squares on all monomials
    up to degree 3, interactions included: 35 of them for 4 columns (Strong, Oakley & Brennan
    2014). A fit follows noise too, so the value that it finds for permuted parameters, which tell
    nothing, is subtracted; an input with a clear effect loses up to that much too much. For a
    standard deviation sd and r* at the mean the null value is about .005 sd with 100,000 draws and
    .014 sd with 10,000; below it a value is not told from 0, so use 100,000 draws or more. Classes
    see no change of mind that concerns only a part of an outer class.

    Args:
        risk: R.
        parameters: theta, at least one column; a constant column tells nothing.
        decision_level: r*.
        generator: permutes the parameters.
        bins: classes for one column, at least 2.

    Returns:
        A number of 0 or more; 0 where the null is larger.

    Raises:
        ValueError: without draws, on NaN, or on fewer than 2 bins.
    """
    _check(risk, decision_level)
    if parameters.shape[0] != risk.size or not parameters.shape[1]:
        raise ValueError(
            f"got parameters of shape {parameters.shape}, wanted {risk.size} rows and a column"
        )
    if np.isnan(parameters).any():
        raise ValueError("a parameter is NaN in some draws; leave out what was not measured")
    if bins < 2:
        raise ValueError(f"got {bins} bins, wanted at least 2")
    varying = parameters[:, np.ptp(parameters, axis=0) > 0]
    if not varying.size:
        return 0.0
    # Permuting the risk against the parameters is the same as permuting the parameters.
    null_risk = generator.permutation(risk)
    mean = float(risk.mean())
    if varying.shape[1] > 1:
        fitted, null = _cubic_fits(varying, np.stack([risk, null_risk], axis=1)).T
        counts = np.ones(risk.size)
    else:
        ranks = stats.rankdata(varying[:, 0])
        classes = ((ranks - 0.5) / risk.size * bins).astype(np.intp)
        counts = np.bincount(classes, minlength=bins).astype(np.float64)
        fitted, null = (
            np.bincount(classes, weights=values, minlength=bins) / np.maximum(counts, 1)
            for values in (risk, null_risk)
        )
    return max(
        0.0,
        _gain(fitted, counts, mean, decision_level) - _gain(null, counts, mean, decision_level),
    )


def information_table(
    inputs: Inputs,
    link: SeverityLink,
    *,
    weight: float,
    decision_level: float,
    generator: np.random.Generator,
    quantity: str = "residual",
) -> InformationTable:
    """The value of knowing each input, alone, for the decision to deploy.

    All is exact in the transport draw. The value of knowing whether the organisms stand for the
    system is that of learning which of the two expected risks, at weight 0 or 1, holds; for every
    other input R is averaged over that. Judged success counts by itself: how it divides into
    detection and correction is a judgement of this model.

    Args:
        inputs: the draws; what is not measured is not listed, nor anything measured at weight 0.
        link: its phi and degrees.
        weight: transport weight in [0, 1].
        decision_level: r*, in the unit of the quantity.
        generator: permutes, for the null of each input.
        quantity: "residual" for R or "fraction" for R / R0.

    Raises:
        ValueError: on an unknown quantity, or one that is undefined in some draw.
    """
    check_weight(weight)
    judged, measured = (quantity_at(inputs, link, end, quantity) for end in (0.0, 1.0))
    risk = blend(judged, measured, weight)
    _check(risk, decision_level)
    expected = float(risk.mean())
    ends, odds = np.array([judged.mean(), measured.mean()]), np.array([1 - weight, weight])
    transport = _gain(ends, odds, expected, decision_level)
    # To know everything is to know transport first, then everything else given transport.
    given = (perfect_information(r, decision_level=decision_level) for r in (judged, measured))
    perfect = transport + float(np.dot(odds, list(given)))
    found = {"transport": transport}
    for group, columns in _parameters(inputs, weight).items():
        found[group] = partial_information(
            risk,
            columns,
            decision_level=decision_level,
            generator=generator,
            bins=_TABLE_BINS,
        )
    values = [
        InformationValue(group, value, value / perfect if perfect else None)
        for group, value in found.items()
    ]
    return InformationTable(
        decision_level,
        expected,
        expected < decision_level,
        perfect,
        tuple(sorted(values, key=lambda value: -value.value)),
    )


def _parameters(inputs: Inputs, weight: float) -> Mapping[str, Float[np.ndarray, "draw column"]]:
    """Draws by group."""
    found = {name: getattr(inputs, name)[:, None] for name in _SCALARS}
    found["prevalence"] = inputs.prevalence
    for column, name in enumerate(MISALIGNMENT_TYPES):
        found[f"judged_{name}"] = inputs.success[:, [column]]
        found[f"measured_{name}"] = inputs.measured[:, [column]]
    found["measured_emergence"] = inputs.measured_emergence[:, None]
    found["measured_misaligned"] = inputs.measured_misaligned[:, None]
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
    chosen = [
        powers
        for degree in range(_DEGREE + 1)
        for powers in combinations_with_replacement(range(columns.shape[1]), degree)
    ]
    design = np.stack([scaled[:, powers].prod(axis=1) for powers in chosen], axis=1)
    weights, *_ = np.linalg.lstsq(design.T @ design, design.T @ values)
    return np.asarray(design @ weights)


def _gain(
    risks: Float[np.ndarray, " outcome"],
    odds: Float[np.ndarray, " outcome"],
    expected: float,
    decision_level: float,
) -> float:
    """Expected gain of deciding after the outcome instead of now.

    Equals E max(0, r* - risk) - max(0, r* - expected) when the risks average to `expected`, but
    is exactly 0 when no outcome changes the decision.
    """
    excess = risks - decision_level
    regret = np.maximum(excess, 0) if expected < decision_level else np.maximum(-excess, 0)
    return float(np.average(regret, weights=odds))


def _check(risk: Float[np.ndarray, " draw"], decision_level: float) -> None:
    if not risk.size or not np.isfinite(risk).all():
        raise ValueError(f"got {risk.size} draws of the risk, wanted at least one and all finite")
    if not math.isfinite(decision_level):
        raise ValueError(f"decision level {decision_level} is not finite; state the risk to accept")
