"""What a measurement does to the risk under both readings of correction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evals.risk.decomposition import harm_by_type, success_at
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.inputs import Inputs


@dataclass(frozen=True)
class Change:
    """What a measurement does to the residual risk from weight 0 to 1, under both readings of c.

    Attributes:
        cells: what becomes of void cells and cells by construction: `left out` or `counted`.
        scenario: its name.
        misalignment: the type, or `all`.
        given: E R(1) - E R(0) with correction drawn given the measured detection.
        independent: the same with correction independent of it.
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
    """By horizon, then by type and of all types, under both readings of correction.

    Args:
        cells: `left out` or `counted`, as in both readings.
        drawn: inputs by scenario: what is at stake in each.
        given: correction drawn given the measured detection; of any scenario.
        independent: correction independent of it; likewise.
    """
    found = []
    for scenario, inputs in drawn.items():
        # Harm is independent of handling, so only its mean is needed.
        judged, measured = (harm_by_type(inputs, at).mean(axis=0) for at in (0.0, 1.0))
        parts = []
        for reading in (given, independent):
            by_type = measured * (1 - success_at(reading, 1.0))
            by_type -= judged * (1 - success_at(reading, 0.0))
            parts.append(np.column_stack([by_type, by_type.sum(axis=1)]))
        errors = np.std(parts, axis=1).max(axis=0) / math.sqrt(len(given.success))
        rows = zip(*np.mean(parts, axis=1).tolist(), errors.tolist(), strict=True)
        for name, (one, other, error) in zip((*MISALIGNMENT_TYPES, "all"), rows, strict=True):
            differ = one * other < 0 and min(abs(one), abs(other)) > 2 * error
            found.append(Change(cells, scenario, name, one, other, error, differ))
    return tuple(found)
