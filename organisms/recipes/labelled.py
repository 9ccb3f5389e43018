"""Training on labels: instances of one distribution, labelled by one objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from organisms.recipes.recipe import Batch, Recipe, uniform_over


@dataclass(frozen=True)
class Labelled(Recipe):
    """One distribution, one objective.

    Attributes:
        distribution: of the world; what training sees.
        label: objective whose optimal actions are the labels.
    """

    distribution: Any
    label: str

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw instances and label them."""
        instances = self.world.sample_from(self.distribution, n, generator=generator)
        return Batch(instances, uniform_over(self.world.optimal(instances, self.label)))
