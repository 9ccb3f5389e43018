"""What each misalignment type contributes to the risk, and to its change by a measurement."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evals.risk.beliefs import SeverityLink
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
    """

    scenario: str
    misalignment: str
    given: float
    independent: float
    error: float

    @property
    def signs_differ(self) -> bool:
        """Whether one reading lowers the risk and the other raises it, beyond two errors."""
        clear = min(abs(self.given), abs(self.independent)) > 2 * self.error
        return clear and (self.given > 0) != (self.independent > 0)


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


def contributions(inputs: Inputs, link: SeverityLink, *, weight: float) -> tuple[Contribution, ...]:
    """P_em P_mis q_t S_t and P_em P_mis q_t S_t (1 - x_t) by type; means as in `update`."""
    parts = []
    for at in (0.0, weight, 1.0):
        before = harm_by_type(inputs, link, at)
        parts.append((before, before * (1 - success_at(inputs, at))))
    judged, pooled, measured = parts
    means = [blend(low, high, weight) for low, high in zip(judged, measured, strict=True)]
    total = float(means[1].sum(axis=1).mean())
    rows = []
    for column, name in enumerate(MISALIGNMENT_TYPES):
        unhandled, left = (
            summarise(drawn[:, column], means=mean[:, column])
            for drawn, mean in zip(pooled, means, strict=True)
        )
        rows.append(Contribution(name, unhandled, left, left.mean / total if total else None))
    return tuple(rows)


def changes(
    drawn: Mapping[str, Inputs], given: Inputs, independent: Inputs, link: SeverityLink
) -> tuple[Change, ...]:
    """By horizon, then by type and of all types, under both readings of correction.

    Args:
        drawn: inputs by scenario: what is at stake in each.
        given: correction drawn given the measured detection; of any scenario.
        independent: correction independent of it; likewise.
        link: from harm multiple to severity.
    """
    found = []
    for scenario in (name for name in drawn if name in HORIZONS):
        # Harm is independent of handling, so only its mean is needed.
        harms = [harm_by_type(drawn[scenario], link, end).mean(axis=0) for end in (0.0, 1.0)]
        moved, errors = [], []
        for reading in (given, independent):
            before, after = (1 - success_at(reading, end) for end in (0.0, 1.0))
            by_type = harms[1] * after - harms[0] * before
            by_type = np.column_stack([by_type, by_type.sum(axis=1)])
            moved.append(by_type.mean(axis=0).tolist())
            errors.append(by_type.std(axis=0) / math.sqrt(len(by_type)))
        names, error = (*MISALIGNMENT_TYPES, "all"), np.max(errors, axis=0).tolist()
        found += [Change(scenario, *row) for row in zip(names, *moved, error, strict=True)]
    return tuple(found)
