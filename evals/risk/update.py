"""The risk before and after a measurement of detection."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from evals.family_posterior import FamilyPosterior
from evals.risk.beliefs import Beliefs
from evals.risk.change import Change, changes
from evals.risk.decomposition import evaluate
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.inputs import Inputs, success_curve
from evals.risk.new_family import expected
from evals.risk.summary import Summary, summarise
from evals.risk.transport import DEFAULT_WEIGHT, blend

NOT_MEASURED = "not measured: stays at its judged value at every weight"


@dataclass(frozen=True)
class MeasuredDetection:
    """P(detect) on a family not seen: mean, and 90% of the belief between `q05` and `q95`."""

    mean: float
    q05: float
    q95: float


@dataclass(frozen=True)
class TypeUpdate:
    """Detection of one misalignment type, judged and measured.

    Attributes:
        misalignment: the type.
        families, detected, of: that the measurement rests on; void cells and cells by construction
            are not among them.
        judged_success: P(detected and corrected) as published.
        judged_detection: P(detected) that the judgement implies.
        judged_correction: P(corrected | detected) that the judgement implies.
        measured_detection: of a new family; None without networks.
        measured_success: measured detection times the correction judged given it, the number to
            hold beside `judged_success`; None without networks.
        independent_success: the other reading: times the judged correction, whatever was measured.
        with_left_out: measured detection with the cells left out, an upper bound; None without any.
        flags: what a reader must know, in plain words.
    """

    misalignment: str
    families: int
    detected: int
    of: int
    judged_success: Summary
    judged_detection: Summary
    judged_correction: Summary
    measured_detection: MeasuredDetection | None
    measured_success: Summary | None
    independent_success: Summary | None
    with_left_out: MeasuredDetection | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class RiskRow:
    """The risk of one scenario at one transport weight.

    Attributes:
        scenario: name of a horizon.
        weight: probability that organisms stand for the system at stake; 0 is the judgement alone.
        unmitigated: R0, if nothing were handled.
        residual: R.
        fraction: R / R0.
    """

    scenario: str
    weight: float
    unmitigated: Summary
    residual: Summary
    fraction: Summary


@dataclass(frozen=True)
class RiskUpdate:
    """Everything the measurement changes, and on what it rests.

    Attributes:
        draws: size of the simulation.
        types: in the order of `MISALIGNMENT_TYPES`.
        rows: scenario by scenario, weights rising.
        changes: by horizon and type, under both readings of correction; void cells and cells by
            construction do not count.
        as_it_is: factor of every residual if the judged P(catastrophe) is read of the world as it
            is, with judged handling, and not as before handling: E R0 / E R as judged.
    """

    draws: int
    types: tuple[TypeUpdate, ...]
    rows: tuple[RiskRow, ...]
    changes: tuple[Change, ...]
    as_it_is: float

    def row(self, scenario: str, weight: float) -> RiskRow:
        """The row of a scenario and weight."""
        return {(row.scenario, row.weight): row for row in self.rows}[scenario, weight]


def update(
    drawn: Mapping[str, Inputs],
    beliefs: Beliefs,
    *,
    weights: Sequence[float] = (0.0, DEFAULT_WEIGHT, 1.0),
    judged: Inputs | None = None,
    independent: Inputs | None = None,
    upper: Mapping[str, FamilyPosterior | None] = MappingProxyType({}),
    caveats: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> RiskUpdate:
    """The decomposition of every scenario and weight, from common random numbers.

    Means are exact in the transport draw (hence linear in the weight); quantiles are of the pool.

    Args:
        drawn: inputs by scenario, as of `draw_inputs` with `beliefs`.
        beliefs: the judged figures and the measured rates.
        weights: transport weights in [0, 1].
        judged: draws in which nothing is supposed, for what is said of the types.
        independent: draws under the other reading of correction, of any scenario.
        upper: measured detection by type with void cells and cells by construction.
        caveats: further flags by misalignment type.
    """
    rows = [row for name, one in drawn.items() for row in risk_rows(name, one, weights)]
    whole = next(iter(drawn.values()))
    first = judged or whole
    types = tuple(
        _type_update(i, first, independent or first, beliefs, upper.get(name), caveats.get(name))
        for i, name in enumerate(MISALIGNMENT_TYPES)
    )
    moved = changes(drawn, whole, independent) if independent else ()
    left = float(evaluate(first, 0.0).fraction.mean())
    return RiskUpdate(
        len(first.transport), types, tuple(rows), moved, 1 / left if left else math.inf
    )


def risk_rows(scenario: str, inputs: Inputs, weights: Sequence[float]) -> tuple[RiskRow, ...]:
    """The risk of one scenario's draws at rising weights."""
    at = {weight: evaluate(inputs, weight) for weight in {0.0, 1.0, *weights}}
    rows = []
    for weight in sorted(set(weights)):
        parts = {}
        for name in ("unmitigated", "residual", "fraction"):
            judged, pooled, measured = (getattr(at[w], name) for w in (0.0, weight, 1.0))
            parts[name] = summarise(pooled, means=blend(judged, measured, weight))
        rows.append(RiskRow(scenario, float(weight), **parts))
    return tuple(rows)


def measured_rate(posterior: FamilyPosterior | None) -> MeasuredDetection | None:
    """The rate of a new family in three numbers; None without a measurement."""
    if posterior is None:
        return None
    return MeasuredDetection(posterior.mean, *posterior.interval())


def _type_update(
    column: int,
    inputs: Inputs,
    independent: Inputs,
    beliefs: Beliefs,
    upper: FamilyPosterior | None,
    caveats: tuple[str, ...] | None,
) -> TypeUpdate:
    name = MISALIGNMENT_TYPES[column]
    posterior, fixed = beliefs.detection.get(name), beliefs.what_if.fixed
    flags = [
        f"{target} is supposed to be {value:g} in the risk, whatever was judged or measured"
        for target, value in fixed.items()
        if target.endswith(f".{name}")
    ]
    if f"detect.{name}" not in fixed:
        if posterior is None:
            flags.append(NOT_MEASURED)
        elif posterior.says_nothing or posterior.prior_sets_bound:
            flags.append(posterior.sentence)
    success = None
    if posterior is not None:
        mean = expected(posterior.weights, success_curve(beliefs, inputs, name))
        success = summarise(inputs.handled[:, column], means=np.full(len(inputs.handled), mean))
    return TypeUpdate(
        misalignment=name,
        families=len(posterior.counts) if posterior else 0,
        detected=posterior.detected if posterior else 0,
        of=posterior.networks if posterior else 0,
        judged_success=summarise(inputs.success[:, column]),
        judged_detection=summarise(inputs.detection[:, column]),
        judged_correction=summarise(inputs.correction[:, column]),
        measured_detection=measured_rate(posterior),
        measured_success=success,
        independent_success=summarise(independent.handled[:, column]) if posterior else None,
        with_left_out=measured_rate(upper),
        flags=(*flags, *(caveats or ())),
    )
