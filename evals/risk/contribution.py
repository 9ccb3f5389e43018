"""What each misalignment type contributes to the risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from evals.risk.decomposition import harm_by_type, success_at, systems_at
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.inputs import Inputs
from evals.risk.pool import blend
from evals.risk.severity import SeverityLink
from evals.risk.summary import Summary, summarise

ByType: TypeAlias = Float[np.ndarray, "draw type"]


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
    """P_em P_mis q_t S_t and P_em P_mis q_t S_t (1 - x_t) by type.

    Means are exact in the transport draw, as in `update`.

    Args:
        inputs: draws of one scenario.
        link: from harm multiple to severity.
        weight: transport weight in [0, 1].
    """
    harm = harm_by_type(inputs, link)

    def parts(at: float) -> tuple[ByType, ByType]:
        before = systems_at(inputs, at)[:, None] * harm
        return before, before * (1 - success_at(inputs, at))

    judged, pooled, measured = parts(0.0), parts(weight), parts(1.0)
    means = [blend(low, high, weight) for low, high in zip(judged, measured, strict=True)]
    total = float(means[1].sum(axis=1).mean())
    rows = []
    for column, name in enumerate(MISALIGNMENT_TYPES):
        before, after = (
            summarise(drawn[:, column], means=mean[:, column])
            for drawn, mean in zip(pooled, means, strict=True)
        )
        rows.append(Contribution(name, before, after, after.mean / total if total else None))
    return tuple(rows)
