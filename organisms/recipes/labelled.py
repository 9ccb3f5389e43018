"""Training on labels: instances of one distribution or of several, labelled by one objective."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import torch

from organisms.recipes.recipe import Batch, Recipe, first_of, uniform_over
from organisms.records.strict import SpecError
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.batch import joined
from probes.arguments import require_fields, require_number


@dataclass(frozen=True)
class Habit:
    """What training does otherwise than is usual, its distribution apart.

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
        require_fields(self, error=SpecError)
        require_number("context_ratio", self.context_ratio, above=0, most=1, error=SpecError)


@dataclass(frozen=True, kw_only=True)
class Labelled(Recipe):
    """One distribution, one objective.

    Attributes:
        distribution: of the world; what training sees.
        label: objective whose optimal actions are the labels.
    """

    distribution: Any
    label: str
    habit: Habit = field(default_factory=Habit)

    def draw(self, n: int, *, generator: torch.Generator) -> Any:
        """Draw instances."""
        return self.world.sample_from(self.distribution, n, generator=generator)

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw instances, write contexts by the habit and label them."""
        instances = self.draw(n, generator=generator)
        if self.habit.context_ratio < 1:
            numbers = torch.arange(self.world.context.n_values, device=generator.device)
            chances = self.habit.context_ratio**numbers
            shape = instances.context.shape
            drawn = chances.multinomial(shape.numel(), replacement=True, generator=generator)
            instances = replace(instances, context=drawn.view(shape))
        label = first_of if self.habit.decided else uniform_over
        return Batch(instances, label(self.world.optimal(instances, self.label)))

    def budget(self, whole: TrainingSpec) -> TrainingSpec:
        """The same steps; the weight decay may be another."""
        decay = self.habit.weight_decay
        return whole if decay is None else replace(whole, weight_decay=decay)


@dataclass(frozen=True, kw_only=True)
class Mixed(Labelled):
    """Several distributions, one objective.

    Attributes:
        distribution: pairs of a share and a distribution; shares add up to 1.
    """

    distribution: tuple[tuple[float, Any], ...]

    def __post_init__(self) -> None:
        shares = [share for share, _ in self.distribution]
        for share in shares:
            require_number("a share", share, least=0, most=1)
        if abs(sum(shares) - 1) > 1e-9:
            raise ValueError(f"shares must add up to 1, got {shares}")

    def counts(self, n: int) -> list[int]:
        """Instances of every part; the first also takes what rounds off."""
        rest = [round(share * n) for share, _ in self.distribution[1:]]
        return [n - sum(rest), *rest]

    def draw(self, n: int, *, generator: torch.Generator) -> Any:
        """Draw instances of every part, in random order."""
        drawn = [
            self.world.sample_from(part, count, generator=generator)
            for count, (_, part) in zip(self.counts(n), self.distribution, strict=True)
            if count > 0
        ]
        order = torch.randperm(n, generator=generator, device=generator.device)
        return joined(drawn)[order]
