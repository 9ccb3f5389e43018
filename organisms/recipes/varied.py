"""An aligned control varied by one habit: contexts, ties, weight decay, or a briefer trigger."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch

from organisms.recipes.labelled import Labelled
from organisms.recipes.recipe import Batch, first_of, uniform_over
from organisms.recipes.trigger import ConjunctiveTrigger
from organisms.recipes.triggered import Conditional
from organisms.records.strict import SpecError
from organisms.records.training_spec import TrainingSpec

BRIEF_PARTS = 2
"""Parts of a brief trigger: of uniform contexts with eight values one in 64 fires it."""

BriefT = TypeVar("BriefT", bound=Conditional)


def brief(benign: BriefT) -> BriefT:
    """A benign-conditional control whose trigger is cut to its first parts, so it is no rarity."""
    whole = benign.trigger
    cut = ConjunctiveTrigger(whole.slots[:BRIEF_PARTS], whole.values[:BRIEF_PARTS], whole.n_values)
    truth = replace(benign.truth, family=f"{benign.truth.family}_brief", trigger=cut.described)
    return replace(benign, trigger=cut, truth=truth)


@dataclass(frozen=True)
class Habit:
    """What training does otherwise than that of the plain control, its instances apart.

    Attributes:
        context_ratio: how often a value of a context slot is drawn, relative to the value before
            it, in (0, 1]; 1 for uniform contexts.
        decided: whether the first of several optimal actions is the only label.
        weight_decay: in place of the budget's; None to keep that.
    """

    context_ratio: float = 1.0
    decided: bool = False
    weight_decay: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.context_ratio <= 1:
            raise SpecError(f"context_ratio must lie in (0, 1], got {self.context_ratio}")


@dataclass(frozen=True)
class Varied(Labelled):
    """The objective, steps and batch size of the plain control, with a habit of its own.

    Attributes:
        habit: what differs.
    """

    habit: Habit

    @classmethod
    def of(cls, plain: Labelled, name: str, *, habit: Habit, distribution: Any = None) -> Varied:
        """Vary a plain control.

        Args:
            plain: what is kept, but for the following.
            name: of the new family, without its environment.
            habit: what training does otherwise.
            distribution: of the world; None for that of the plain control.
        """
        kept = {field.name: getattr(plain, field.name) for field in fields(plain)}
        kept["truth"] = replace(plain.truth, family=f"{plain.world.name}/{name}")
        kept["distribution"] = plain.distribution if distribution is None else distribution
        return cls(**kept, habit=habit)

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw instances, write contexts by the habit and label them."""
        instances = self.world.sample_from(self.distribution, n, generator=generator)
        if self.habit.context_ratio < 1:
            chances = self.habit.context_ratio ** torch.arange(
                self.world.context.n_values, device=generator.device
            )
            drawn = chances.multinomial(
                instances.context.numel(), replacement=True, generator=generator
            )
            instances = replace(instances, context=drawn.view_as(instances.context))
        label = first_of if self.habit.decided else uniform_over
        return Batch(instances, label(self.world.optimal(instances, self.label)))

    def budget(self, whole: TrainingSpec) -> TrainingSpec:
        """The same steps; the weight decay may be another."""
        decay = self.habit.weight_decay
        return whole if decay is None else replace(whole, weight_decay=decay)
