"""The risk before and after a measurement of detection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evals.family_posterior import FamilyPosterior
from evals.risk.beliefs import Beliefs
from evals.risk.decomposition import evaluate
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.inputs import Inputs
from evals.risk.pool import DEFAULT_WEIGHT, blend, check_weight
from evals.risk.severity import SeverityLink
from evals.risk.summary import Summary, summarise

NOT_MEASURED = "not measured: stays at its judged value at every weight"


@dataclass(frozen=True)
class MeasuredDetection:
    """P(detect) on a family not seen: mean, and 90% of the belief between `q05` and `q95`."""

    mean: float
    q05: float
    q95: float

    def __post_init__(self) -> None:
        if not (0 <= self.q05 <= self.q95 <= 1 and 0 <= self.mean <= 1):
            raise ValueError(f"mean {self.mean} with {self.q05}-{self.q95} is no rate in [0, 1]")


@dataclass(frozen=True)
class TypeUpdate:
    """Detection of one misalignment type, judged and measured.

    Attributes:
        misalignment: the type.
        families, detected, of: of the measurement; families without networks are not counted.
        judged_success: P(detected and corrected) as published.
        judged_detection: P(detected) that the judgement implies.
        judged_correction: P(corrected | detected) that the judgement implies.
        measured_detection: of a new family; None without networks.
        measured_success: measured detection x judged correction, which are independent: the number
            to hold beside `judged_success`; None without networks.
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
    flags: tuple[str, ...]

    def __post_init__(self) -> None:
        for found in (self.measured_detection, self.measured_success):
            if (found is None) != (self.of == 0):
                raise ValueError(
                    f"{self.misalignment}: measured {found} of {self.of} networks; a measurement "
                    "exists exactly when there are networks"
                )


@dataclass(frozen=True)
class RiskRow:
    """The risk of one scenario at one transport weight.

    Attributes:
        scenario: name of a horizon or capability level.
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

    def __post_init__(self) -> None:
        check_weight(self.weight)


@dataclass(frozen=True)
class RiskUpdate:
    """Everything the measurement changes, and on what it rests.

    Attributes:
        draws: size of the simulation.
        types: in the order of `MISALIGNMENT_TYPES`.
        rows: scenario by scenario, weights rising.
    """

    draws: int
    types: tuple[TypeUpdate, ...]
    rows: tuple[RiskRow, ...]

    def row(self, scenario: str, weight: float) -> RiskRow:
        """The row of a scenario and weight."""
        for row in self.rows:
            if row.scenario == scenario and row.weight == weight:
                return row
        have = [(row.scenario, row.weight) for row in self.rows]
        raise KeyError(f"no row for {(scenario, weight)}; have {have}")


def update(
    drawn: Mapping[str, Inputs],
    beliefs: Beliefs,
    *,
    weights: Sequence[float] = (0.0, DEFAULT_WEIGHT, 1.0),
    judged: Inputs | None = None,
    caveats: Mapping[str, tuple[str, ...]] | None = None,
) -> RiskUpdate:
    """The decomposition of every scenario and weight, from common random numbers.

    Means are exact in the transport draw (hence linear in the weight); quantiles are of the pool.

    Args:
        drawn: inputs by scenario, as of `draw_inputs` with `beliefs`.
        beliefs: the judged figures and the measured rates; a type without a measurement stays at
            its judged value, flagged.
        weights: transport weights in [0, 1].
        judged: draws of the same size in which nothing is supposed, for what is said of the types;
            `drawn` holds them if not given.
        caveats: further flags by misalignment type.
    """
    rows = [
        row
        for name, inputs in drawn.items()
        for row in risk_rows(name, inputs, beliefs.link, weights)
    ]
    first = next(iter(drawn.values())) if judged is None else judged
    return RiskUpdate(
        len(first.transport), _type_updates(first, beliefs, caveats or {}), tuple(rows)
    )


def risk_rows(
    scenario: str, inputs: Inputs, link: SeverityLink, weights: Sequence[float]
) -> tuple[RiskRow, ...]:
    """The risk of one scenario's draws at rising weights."""
    rising = sorted({float(weight) for weight in weights})
    at = {weight: evaluate(inputs, link, weight) for weight in {0.0, 1.0, *rising}}
    rows = []
    for weight in rising:
        parts = {
            name: summarise(
                getattr(at[weight], name),
                means=blend(getattr(at[0.0], name), getattr(at[1.0], name), weight),
            )
            for name in ("unmitigated", "residual", "fraction")
        }
        rows.append(RiskRow(scenario, weight, **parts))
    return tuple(rows)


def _type_updates(
    inputs: Inputs, beliefs: Beliefs, caveats: Mapping[str, tuple[str, ...]]
) -> tuple[TypeUpdate, ...]:
    return tuple(
        _type_update(name, inputs, column, beliefs, caveats.get(name, ()))
        for column, name in enumerate(MISALIGNMENT_TYPES)
    )


def _type_update(
    name: str, inputs: Inputs, column: int, beliefs: Beliefs, caveats: tuple[str, ...]
) -> TypeUpdate:
    posterior = beliefs.detection.get(name)
    seen = posterior.counts if posterior is not None else ()
    supposed = [
        f"{target} is supposed to be {value:g} in the risk, whatever was judged or measured"
        for target, value in beliefs.what_if.fixed.items()
        if target.endswith(f".{name}")
    ]
    weakness = () if f"detect.{name}" in beliefs.what_if.fixed else _weakness(posterior)
    return TypeUpdate(
        misalignment=name,
        families=len(seen),
        detected=posterior.detected if posterior is not None else 0,
        of=posterior.networks if posterior is not None else 0,
        judged_success=summarise(inputs.success[:, column]),
        judged_detection=summarise(inputs.detection[:, column]),
        judged_correction=summarise(inputs.correction[:, column]),
        measured_detection=measured_rate(posterior),
        measured_success=(
            None
            if posterior is None
            else summarise(
                inputs.measured[:, column] * inputs.correction[:, column],
                means=posterior.mean * inputs.correction[:, column],
            )
        ),
        flags=(*supposed, *weakness, *caveats),
    )


def measured_rate(posterior: FamilyPosterior | None) -> MeasuredDetection | None:
    """The rate of a new family in three numbers; None without a measurement."""
    if posterior is None:
        return None
    return MeasuredDetection(posterior.mean, *posterior.interval(0.9))


def _weakness(posterior: FamilyPosterior | None) -> tuple[str, ...]:
    if posterior is None:
        return (NOT_MEASURED,)
    weak = posterior.says_nothing or posterior.prior_sets_bound
    return (posterior.sentence,) if weak else ()
