"""The budget of training, in steps and never in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from organisms.records.strict import SpecError

TRAINER_VERSION = 1
"""Part of every organism's identity: raise it when the same specification would train otherwise or
be admitted otherwise, because of `organisms.growing.train`, a network, admission, or code that
recipes of several worlds share and that declares no version of its own."""


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
        if min(self.steps, self.batch_size) < 1 or self.learning_rate <= 0:
            raise SpecError(f"steps, batch_size and learning_rate must be positive, got {self}")
        if min(self.warmup_steps, self.weight_decay) < 0:
            raise SpecError(f"warmup_steps and weight_decay must not be negative, got {self}")
