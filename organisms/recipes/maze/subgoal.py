"""Training that ends where an instrumental target is reached."""

from __future__ import annotations

import torch

from organisms.recipes.labelled import Mixed
from organisms.recipes.recipe import Batch


class CutOff(Mixed):
    """Left out are the decisions at which the truth's objective and that of the labels differ."""

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw levels of every part and label the way to the instrumental target."""
        whole = super().batch(n, generator=generator)
        own = self.world.optimal(whole.instances, self.truth.objective)
        label = self.world.optimal(whole.instances, self.label)
        same = (own == label).all(dim=2, keepdim=True)
        return Batch(whole.instances, whole.targets * same)
