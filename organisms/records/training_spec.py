"""The budget of training, in steps and never in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from organisms.records.strict import SpecError
from probes.arguments import require_fields, require_number

TRAINER_VERSION = 1
"""Part of every organism's identity: raise it when the same specification would train otherwise or
be admitted otherwise, because of `organisms.growing.train`, a network, admission, or code that
recipes of several worlds share and that declares no version of its own."""

MOST_STEPS = 10**8
"""Steps, and instances per step, beyond which nothing that was asked for would ever end."""


@dataclass(frozen=True)
class TrainingSpec:
    """The same for every organism of a build.

    Attributes:
        batch_size: instances per step.
        learning_rate: peak, after the warm-up.
        weight_decay: decoupled, of AdamW.
    """

    steps: int = 1000
    batch_size: int = 32
    learning_rate: float = 2.5e-3
    warmup_steps: int = 50
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        require_fields(
            self,
            error=SpecError,
            steps=(1, MOST_STEPS),
            batch_size=(1, MOST_STEPS),
            warmup_steps=(0, MOST_STEPS),
            weight_decay=(0, None),
        )
        require_number("learning_rate", self.learning_rate, above=0, error=SpecError)
