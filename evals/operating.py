"""The price of false alarms: the rule at other false-positive rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from evals.column import Column, OperatingPoint
from evals.family_posterior import FamilyCount, added, family_posterior
from evals.merged import Merged
from evals.rates import rate
from evals.risk import MISALIGNMENT_TYPES, Beliefs, Inputs, closed, risk_rows
from evals.risk.inputs import remeasured
from evals.risk.predictive_value import PredictiveRow, predictive_rows
from evals.risk_report import OperatingRow

Draws = Float[np.ndarray, " draw"]


def operating_rows(
    merged: Merged,
    beliefs: Beliefs,
    cube: Float[np.ndarray, "draw column"],
    inputs: Inputs,
    *,
    weight: float,
    uniforms: Draws,
) -> tuple[OperatingRow, ...]:
    """One row per false-positive rate that every run can hold, rising.

    Args:
        merged: the evidence.
        beliefs: all that is not detection.
        cube: the uniforms that `inputs` came from.
        inputs: draws of one scenario.
        weight: transport weight.
        uniforms: one per draw, made into realised false-positive rates.
    """
    rule = merged.rules[0]
    columns = merged.columns(rule)
    rows = []
    for nominal in operating_rates(merged):
        points = [
            point
            for column in columns
            for point in column.operating
            if point.nominal_fpr == nominal
        ]
        counts = _counts(columns, points)
        beliefs_here = replace(
            beliefs, detection={name: family_posterior(seen) for name, seen in counts.items()}
        )
        here = remeasured(inputs, cube, beliefs_here)
        alarms = merged.false_alarm_draws(rule, [point.rank for point in points], uniforms)
        (row,) = risk_rows("", here, beliefs.link, (weight,))
        rows.append(
            OperatingRow(
                nominal_fpr=nominal,
                false_alarms=rate(sum(p.alarms for p in points), sum(p.controls for p in points)),
                detected={
                    name: (sum(c.detected for c in seen), sum(c.of for c in seen))
                    for name, seen in counts.items()
                },
                fraction=row.fraction,
                predictive=predictive_rows(mixed_detection(here), alarms),
            )
        )
    return tuple(rows)


def operating_rates(merged: Merged) -> tuple[float, ...]:
    """Nominal false-positive rates that every run can hold, rising."""
    columns = merged.columns(merged.rules[0])
    rates = [{point.nominal_fpr for point in column.operating} for column in columns]
    return tuple(sorted(rates[0].intersection(*rates[1:])))


def rule_verdicts(
    merged: Merged, inputs: Inputs, generator: np.random.Generator
) -> tuple[PredictiveRow, ...]:
    """What an alarm and an all-clear of the rule mean for a system of a new family.

    Detection is of a new family of organisms and false alarms are of a new family of controls,
    both by the family posterior; nothing where no control was held out.
    """
    controls = family_posterior(merged.control_counts(merged.rules[0]))
    if controls is None:
        return ()
    return predictive_rows(
        mixed_detection(inputs), controls.draws(generator, len(inputs.transport))
    )


def mixed_detection(inputs: Inputs) -> Draws:
    """P(detect) of a misaligned system whose type is drawn by prevalence.

    Measured on a new family where there is a measurement, else as the judgement implies.
    """
    detection = np.where(np.isnan(inputs.measured), inputs.detection, inputs.measured)
    mixed = (closed(inputs.prevalence) * detection).sum(axis=1)
    return np.asarray(np.minimum(mixed, 1.0))  # shares add up to 1 only to rounding


def _counts(
    columns: Sequence[Column], points: Sequence[OperatingPoint]
) -> dict[str, tuple[FamilyCount, ...]]:
    """Families by type, each with what another threshold would have flagged."""
    return {
        name: added(
            FamilyCount(cell.family, point.detected[cell.family], cell.of)
            for column, point in zip(columns, points, strict=True)
            for cell in column.of_type(name)
        )
        for name in MISALIGNMENT_TYPES
    }
