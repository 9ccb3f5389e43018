"""The risk before and after a measurement of detection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evals.family_posterior import FamilyCount, FamilyPosterior, family_posterior
from evals.risk.decomposition import decompose_draws
from evals.risk.figures import HORIZONS, MISALIGNMENT_TYPES, Figures
from evals.risk.inputs import TypeDraws, horizon_draws, sample_cube, type_draws
from evals.risk.pool import (
    DEFAULT_WEIGHT,
    MeasuredSuccess,
    blend,
    check_types,
    check_weight,
    measured_success,
    pool,
)
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
    flags: tuple[str, ...]

    def __post_init__(self) -> None:
        if (self.measured_detection is None) != (self.of == 0):
            raise ValueError(
                f"{self.misalignment}: measured detection {self.measured_detection} of {self.of} "
                "networks; a measurement exists exactly when there are networks"
            )


@dataclass(frozen=True)
class RiskRow:
    """The risk at one horizon and transport weight.

    Attributes:
        horizon: one of `HORIZONS`.
        weight: probability that organisms stand for the system at stake; 0 is the judgement alone.
        unmitigated: R0, if nothing were handled.
        residual: R.
        fraction: R / R0.
    """

    horizon: str
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
        rows: horizon by horizon, weights rising.
    """

    draws: int
    types: tuple[TypeUpdate, ...]
    rows: tuple[RiskRow, ...]

    def row(self, horizon: str, weight: float) -> RiskRow:
        """The row of a horizon and weight."""
        for row in self.rows:
            if row.horizon == horizon and row.weight == weight:
                return row
        have = [(row.horizon, row.weight) for row in self.rows]
        raise KeyError(f"no row for {(horizon, weight)}; have {have}")

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and None, ready for JSON; keys as the attributes."""
        return {
            "draws": self.draws,
            "types": [asdict(record) | {"flags": list(record.flags)} for record in self.types],
            "rows": [asdict(row) for row in self.rows],
        }


def update(
    counts: Mapping[str, Sequence[FamilyCount]],
    *,
    figures: Figures,
    generator: np.random.Generator,
    draws: int = 100_000,
    weights: Sequence[float] = (0.0, DEFAULT_WEIGHT, 1.0),
    link: SeverityLink | None = None,
    caveats: Mapping[str, tuple[str, ...]] | None = None,
) -> RiskUpdate:
    """The decomposition at every horizon and weight, from one set of common random numbers.

    Means are exact in the transport draw (hence linear in the weight); quantiles are of the pool.

    Args:
        counts: families seen, by misalignment type, all of one detection rule fixed beforehand; a
            type that is absent or without networks stays at its judged value, flagged.
        figures: the judgements.
        generator: source of all randomness; the same seed gives the same weight-0 rows whatever
            the counts.
        draws: 100,000 give a Monte Carlo error of about .3% of the mean.
        weights: transport weights in [0, 1].
        link: severity; by default the headline link.
        caveats: further flags by misalignment type.
    """
    check_types(counts)
    rising = sorted({float(weight) for weight in weights})
    for weight in rising:
        check_weight(weight)
    severity = SeverityLink() if link is None else link
    posteriors = {name: family_posterior(counts.get(name, ())) for name in MISALIGNMENT_TYPES}
    cube = sample_cube(generator, draws)
    types = type_draws(cube, figures)
    measured = measured_success(types, posteriors)
    rows: list[RiskRow] = []
    for horizon in HORIZONS:
        system = horizon_draws(cube, figures, horizon, severity)
        judged_end = decompose_draws(system, types, types.success)
        measured_end = decompose_draws(system, types, measured.success)
        before = summarise(judged_end.unmitigated)
        for weight in rising:
            pooled = pool(types.success, measured.success, types.transport, weight)
            after = decompose_draws(system, types, pooled)
            residual = summarise(
                after.residual, means=blend(judged_end.residual, measured_end.residual, weight)
            )
            fraction = summarise(
                after.fraction, means=blend(judged_end.fraction, measured_end.fraction, weight)
            )
            rows.append(RiskRow(horizon, weight, before, residual, fraction))
    return RiskUpdate(draws, _type_updates(types, posteriors, measured, caveats or {}), tuple(rows))


def _type_updates(
    types: TypeDraws,
    posteriors: Mapping[str, FamilyPosterior | None],
    measured: MeasuredSuccess,
    caveats: Mapping[str, tuple[str, ...]],
) -> tuple[TypeUpdate, ...]:
    updates = []
    for column, name in enumerate(MISALIGNMENT_TYPES):
        posterior = posteriors[name]
        seen = posterior.counts if posterior is not None else ()
        rate = None
        flags: tuple[str, ...] = (NOT_MEASURED,) if name in measured.unmeasured else ()
        if posterior is not None:
            rate = MeasuredDetection(posterior.mean, *posterior.interval(0.9))
            weak = posterior.says_nothing or posterior.prior_sets_bound
            flags = (posterior.sentence,) if weak else ()
        updates.append(
            TypeUpdate(
                misalignment=name,
                families=len(seen),
                detected=sum(count.detected for count in seen),
                of=sum(count.of for count in seen),
                judged_success=summarise(types.success[:, column]),
                judged_detection=summarise(types.detection[:, column]),
                judged_correction=summarise(types.correction[:, column]),
                measured_detection=rate,
                flags=(*flags, *caveats.get(name, ())),
            )
        )
    return tuple(updates)
