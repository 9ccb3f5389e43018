"""The unmitigated risk under both severity links that the judged rows allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evals.risk.beliefs import Beliefs
from evals.risk.decomposition import evaluate
from evals.risk.figures import Interval
from evals.risk.inputs import GROUPS, draw_inputs, sample_cube
from evals.risk.scenario import Scenario
from evals.risk.severity import TWO_POINT
from evals.risk.summary import Summary, summarise


@dataclass(frozen=True)
class LinkComparison:
    """The unmitigated risk R0 of a scenario under both links that the judged rows allow.

    Attributes:
        scenario: its name.
        headline: R0 under the link of the beliefs.
        two_point: R0 under `TWO_POINT`.
        catastrophe: the judged 90% interval; None where none is judged.
    """

    scenario: str
    headline: Summary
    two_point: Summary
    catastrophe: Interval | None


def two_links(
    beliefs: Beliefs,
    scenarios: Sequence[Scenario],
    *,
    generator: np.random.Generator,
    draws: int = 20_000,
) -> tuple[LinkComparison, ...]:
    """R0 of each scenario under both links, as judged (weight 0), from common random numbers."""
    cube = sample_cube(generator, draws)
    drawn = draw_inputs(cube, replace(beliefs, detection={}), scenarios)
    other = TWO_POINT.kappa.at(cube[:, GROUPS["kappa"]][:, 0])
    return tuple(
        LinkComparison(
            one.name,
            summarise(evaluate(drawn[one.name], beliefs.link, 0.0).unmitigated),
            summarise(evaluate(replace(drawn[one.name], kappa=other), TWO_POINT, 0.0).unmitigated),
            one.catastrophe,
        )
        for one in scenarios
    )
