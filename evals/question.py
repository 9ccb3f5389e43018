"""What the analyst asks of the evidence."""

from __future__ import annotations

from dataclasses import dataclass, field

from evals.risk.beliefs import WhatIf
from evals.risk.transport import Transport, load_transport


@dataclass(frozen=True)
class Question:
    """What a report is about.

    Attributes:
        horizon: scenario that the details are about.
        transport: the weight of the details; the risk is shown at 0 and 1 as well.
        what_if: inputs supposed known.
        decision_level: r*, the residual risk below which one would deploy; None takes the expected
            residual risk itself, where information is worth most.
        draws: size of the simulation.
    """

    horizon: str = "near_term"
    transport: Transport = field(default_factory=load_transport)
    what_if: WhatIf = field(default_factory=WhatIf)
    decision_level: float | None = None
    draws: int = 100_000
