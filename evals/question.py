"""What the analyst asks of the evidence."""

from __future__ import annotations

from dataclasses import dataclass, field

from evals.risk import DEFAULT_WEIGHT, WhatIf


@dataclass(frozen=True)
class Question:
    """The scenario, the weight, the suppositions and the decision that a report is about.

    Attributes:
        horizon: scenario that the details are about.
        weight: transport weight of the details; the risk is shown at 0 and 1 as well.
        what_if: inputs supposed known.
        decision_level: r*, the residual risk below which one would deploy; None takes the expected
            residual risk itself, where information is worth most.
        draws: size of the simulation.
    """

    horizon: str = "near_term"
    weight: float = DEFAULT_WEIGHT
    what_if: WhatIf = field(default_factory=WhatIf)
    decision_level: float | None = None
    draws: int = 100_000
