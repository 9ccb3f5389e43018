"""What each misalignment type contributes to the risk, and to its change by a measurement."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evals.risk.decomposition import harm_by_type, success_at
from evals.risk.figures import HORIZONS, MISALIGNMENT_TYPES
from evals.risk.inputs import Inputs
from evals.risk.summary import Summary, summarise
from evals.risk.transport import blend


@dataclass(frozen=True)
class Change:
    """What a measurement does to the residual risk from weight 0 to 1, under both readings of c.

    Attributes:
        scenario: its name.
        misalignment: the type, or `all`.
        given: E R(1) - E R(0) with correction drawn given the measured detection.
        independent: the same with correction independent of it.
        error: the larger of the two Monte Carlo standard errors.
        signs_differ: one lowers the risk and the other raises it, each by more than two errors.
    """

    scenario: str
    misalignment: str
    given: float
    independent: float
    error: float
    signs_differ: bool


@dataclass(frozen=True)
class Contribution:
    """One type's part of the risk of one scenario; the parts add up to the risk.

    Attributes:
        misalignment: the type.
        unmitigated: its part of R0, if nothing were handled.
        residual: its part of R, after detection and correction.
        share: mean residual of the type over the mean residual of all; None where that is 0.
    """

    misalignment: str
    unmitigated: Summary
    residual: Summary
    share: float | None


def contributions(inputs: Inputs, *, weight: float) -> tuple[Contribution, ...]:
    """P_em P_mis q_t S and P_em P_mis q_t S (1 - x_t) by type; means as in `update`."""
    harms = [harm_by_type(inputs, at) for at in (0.0, weight, 1.0)]
    left = [
        harm * (1 - success_at(inputs, at))
        for harm, at in zip(harms, (0.0, weight, 1.0), strict=True)
    ]
    total = float(blend(left[0], left[2], weight).sum(axis=1).mean())
    rows = []
    for i, name in enumerate(MISALIGNMENT_TYPES):
        before, after = (
            summarise(pooled[:, i], means=blend(judged[:, i], measured[:, i], weight))
            for judged, pooled, measured in (harms, left)
        )
        rows.append(Contribution(name, before, after, after.mean / total if total else None))
    return tuple(rows)


def changes(drawn: Mapping[str, Inputs], given: Inputs, independent: Inputs) -> tuple[Change, ...]:
    """By horizon, then by type and of all types, under both readings of correction.

    Args:
        drawn: inputs by scenario: what is at stake in each.
        given: correction drawn given the measured detection; of any scenario.
        independent: correction independent of it; likewise.
    """
    found = []
    for scenario in HORIZONS:
        # Harm is independent of handling, so only its mean is needed.
        judged, measured = (harm_by_type(drawn[scenario], at).mean(axis=0) for at in (0.0, 1.0))
        parts = []
        for reading in (given, independent):
            by_type = measured * (1 - success_at(reading, 1.0))
            by_type -= judged * (1 - success_at(reading, 0.0))
            parts.append(np.column_stack([by_type, by_type.sum(axis=1)]))
        errors = np.std(parts, axis=1).max(axis=0) / math.sqrt(len(given.success))
        rows = zip(*np.mean(parts, axis=1).tolist(), errors.tolist(), strict=True)
        for name, (one, other, error) in zip((*MISALIGNMENT_TYPES, "all"), rows, strict=True):
            differ = one * other < 0 and min(abs(one), abs(other)) > 2 * error
            found.append(Change(scenario, name, one, other, error, differ))
    return tuple(found)
