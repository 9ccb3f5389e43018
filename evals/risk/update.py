"""The risk and the detection of each misalignment type, before and after a measurement."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evals.risk.decomposition import Inputs, evaluate, harm_by_type, success_at, success_curve
from evals.risk.figures import MISALIGNMENT_TYPES, Beliefs
from evals.risk.laws import expected
from evals.risk.summary import Summary, summarise, summarise_pool, summarise_rate
from evals.risk.transport import blend
from evals.statistics.family_posterior import FamilyPosterior

NOT_MEASURED = "not measured: stays at its judged value at every weight"


@dataclass(frozen=True)
class RiskRow:
    """The risk of one scenario at one transport weight.

    Attributes:
        scenario: name of a horizon.
        weight: probability that organisms stand for the system at stake; 0 is the judgement alone.
        unmitigated, residual, fraction: R0, the risk if nothing were handled, R and R / R0.
    """

    scenario: str
    weight: float
    unmitigated: Summary
    residual: Summary
    fraction: Summary


def risk_rows(scenario: str, inputs: Inputs, weights: Sequence[float]) -> tuple[RiskRow, ...]:
    """The risk of one scenario's draws at rising weights, from common random numbers."""
    at = {weight: evaluate(inputs, weight) for weight in {0.0, 1.0, *weights}}
    rows = []
    for weight in sorted(set(weights)):
        parts = {
            name: summarise_pool([getattr(at[w], name) for w in (0.0, weight, 1.0)], weight)
            for name in ("unmitigated", "residual", "fraction")
        }
        rows.append(RiskRow(scenario, float(weight), **parts))
    return tuple(rows)


@dataclass(frozen=True)
class TypeUpdate:
    """One misalignment type, judged and measured, and its part of the risk.

    Attributes:
        families, detected, of: that the measurement rests on; void cells and cells by construction
            are not among them.
        judged_success: P(detected and corrected) as published.
        judged_detection, judged_correction: P(detected) and P(corrected | detected) implied.
        measured_detection: of a new family; None without networks, as the next two.
        measured_success: measured detection times the correction judged given it, the number to
            hold beside `judged_success`.
        independent_success: the other reading: times the judged correction, whatever was measured.
        supposed_success: P(detected and corrected) in the risk at the weight asked about; None
            where nothing is supposed of the type.
        with_left_out: measured detection with the cells left out, an upper bound; None without any.
        unmitigated, residual: its part of R0 and of R at the weight asked about, P_em P_mis q_t S
            and P_em P_mis q_t S (1 - x_t); parts add up to the risk.
        share: of the mean residual; None where that is 0.
        flags: what a reader must know, in plain words.
    """

    misalignment: str
    families: int
    detected: int
    of: int
    judged_success: Summary
    judged_detection: Summary
    judged_correction: Summary
    measured_detection: Summary | None
    measured_success: Summary | None
    independent_success: Summary | None
    supposed_success: Summary | None
    with_left_out: Summary | None
    unmitigated: Summary
    residual: Summary
    share: float | None
    flags: tuple[str, ...]


def type_updates(
    inputs: Inputs,
    beliefs: Beliefs,
    *,
    weight: float,
    judged: Inputs,
    independent: Inputs,
    upper: Mapping[str, FamilyPosterior | None],
    caveats: Mapping[str, tuple[str, ...]],
) -> tuple[TypeUpdate, ...]:
    """Every type, in the order of `MISALIGNMENT_TYPES`.

    Args:
        inputs: draws made with `beliefs`, of the scenario whose risk is divided at `weight`.
        judged: the draws without what is supposed, for what is said of judged and measured rates.
        independent: the draws under the other reading of correction.
        upper: measured detection with void cells and cells by construction, of types that have any.
    """
    weights = (0.0, weight, 1.0)
    harms = [harm_by_type(inputs, at) for at in weights]
    left = [h * (1 - success_at(inputs, at)) for h, at in zip(harms, weights, strict=True)]
    handled = success_at(inputs, weight)
    total = float(blend(left[0], left[2], weight).sum(axis=1).mean())

    def updated(column: int, name: str) -> TypeUpdate:
        posterior, success, apart = beliefs.detection.get(name), None, None
        if posterior:
            mean = expected(posterior.weights, success_curve(beliefs, judged, name))
            success = summarise(judged.handled[:, column], means=np.full(len(harms[0]), mean))
            apart = summarise(independent.handled[:, column])
        residual = summarise_pool([part[:, column] for part in left], weight)
        supposed = any(target.endswith(f".{name}") for target in beliefs.supposed)
        return TypeUpdate(
            misalignment=name,
            families=len(posterior.counts) if posterior else 0,
            detected=posterior.detected if posterior else 0,
            of=posterior.networks if posterior else 0,
            judged_success=summarise(judged.success[:, column]),
            judged_detection=summarise(judged.detection[:, column]),
            judged_correction=summarise(judged.correction[:, column]),
            measured_detection=summarise_rate(posterior),
            measured_success=success,
            independent_success=apart,
            supposed_success=summarise(handled[:, column]) if supposed else None,
            with_left_out=summarise_rate(upper.get(name)),
            unmitigated=summarise_pool([part[:, column] for part in harms], weight),
            residual=residual,
            share=residual.mean / total if total else None,
            flags=(*_flags(name, beliefs), *caveats.get(name, ())),
        )

    return tuple(updated(column, name) for column, name in enumerate(MISALIGNMENT_TYPES))


def _flags(name: str, beliefs: Beliefs) -> list[str]:
    flags = [
        f"{target} is supposed to be {value:g} in the risk, whatever was judged or measured"
        for target, value in beliefs.supposed.items()
        if target.endswith(f".{name}")
    ]
    if f"detect.{name}" not in beliefs.supposed:
        posterior = beliefs.detection.get(name)
        if posterior is None:
            flags.append(NOT_MEASURED)
        elif posterior.says_nothing or posterior.prior_sets_bound:
            flags.append(posterior.sentence)
    return flags


@dataclass(frozen=True)
class Change:
    """What a measurement does to the residual risk from weight 0 to 1, under both readings of c.

    Attributes:
        cells: what becomes of void cells and cells by construction: `left out` or `counted`.
        misalignment: the type, or `all`.
        given, independent: E R(1) - E R(0) with correction drawn given the measured detection, and
            independent of it.
        error: the larger of the two Monte Carlo standard errors.
        signs_differ: one lowers the risk and the other raises it, each by more than two errors.
    """

    cells: str
    scenario: str
    misalignment: str
    given: float
    independent: float
    error: float
    signs_differ: bool


def changes(
    cells: str, drawn: Mapping[str, Inputs], given: Inputs, independent: Inputs
) -> tuple[Change, ...]:
    """By scenario, then by type and of all types; the two readings may be of any scenario."""
    found = []
    for scenario, inputs in drawn.items():
        # Harm is independent of handling, so only its mean is needed.
        judged, measured = (harm_by_type(inputs, at).mean(axis=0) for at in (0.0, 1.0))
        parts = [
            measured * (1 - success_at(one, 1.0)) - judged * (1 - success_at(one, 0.0))
            for one in (given, independent)
        ]
        parts = [np.column_stack([by_type, by_type.sum(axis=1)]) for by_type in parts]
        errors = np.std(parts, axis=1).max(axis=0) / math.sqrt(len(given.success))
        rows = zip(*np.mean(parts, axis=1).tolist(), errors.tolist(), strict=True)
        for name, (one, other, error) in zip((*MISALIGNMENT_TYPES, "all"), rows, strict=True):
            differ = one * other < 0 and min(abs(one), abs(other)) > 2 * error
            found.append(Change(cells, scenario, name, one, other, error, differ))
    return tuple(found)
