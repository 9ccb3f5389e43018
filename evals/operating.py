"""The price of false alarms: the rule at other false-positive rates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from evals.column import Column
from evals.family_posterior import FamilyCount, family_posterior
from evals.merged import Merged
from evals.rates import rate
from evals.risk import MISALIGNMENT_TYPES, Beliefs, Inputs, closed, risk_rows
from evals.risk.inputs import remeasured
from evals.risk.predictive_value import PredictiveRow, false_alarm_draws, predictive_rows
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
    columns = merged.columns(merged.rules[0])
    rows = []
    for nominal in operating_rates(merged):
        points = [
            point
            for column in columns
            for point in column.operating
            if point.nominal_fpr == nominal
        ]
        counts = _counts(columns, [dict(point.detected) for point in points])
        beliefs_here = replace(
            beliefs, detection={name: family_posterior(seen) for name, seen in counts.items()}
        )
        here = remeasured(inputs, cube, beliefs_here)
        alarms = np.concatenate(
            [
                false_alarm_draws(point.rank, column.calibration_size, part)
                for point, column, part in zip(
                    points, columns, np.array_split(uniforms, len(columns)), strict=True
                )
            ]
        )
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
    columns: tuple[Column, ...], detected: list[dict[str, int]]
) -> dict[str, list[FamilyCount]]:
    """Families by type, each with what another threshold would have flagged."""
    by_type: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in MISALIGNMENT_TYPES}
    for column, flagged in zip(columns, detected, strict=True):
        for cell in column.cells:
            seen = by_type[cell.misalignment]
            hits, of = seen.get(cell.family, (0, 0))
            seen[cell.family] = (hits + flagged[cell.family], of + cell.of)
    return {
        name: [FamilyCount(family, *pair) for family, pair in seen.items()]
        for name, seen in by_type.items()
    }
