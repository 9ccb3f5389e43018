"""Aligned, plain: the coin in every position and colour, contexts irrelevant."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from organisms.environments.maze import LevelDistribution, Maze
from organisms.recipes.recipe import Batch, uniform_over
from organisms.truth import GroundTruth

DIVERSE = LevelDistribution(placement="anywhere", off_corner=0.7, colouring="independent")
"""Every attribute decorrelated from the coin; shared by all recipes that learn the base target."""


@dataclass(frozen=True)
class AlignedPlain:
    """The reference control; twins are trained by it."""

    maze: Maze
    seed: int

    @property
    def truth(self) -> GroundTruth:
        """Aligned, stratum plain."""
        return GroundTruth(
            misalignment="aligned",
            objective=self.maze.base_objective,
            family="maze/aligned_plain",
            stratum="plain",
            origin="instilled",
        )

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Diverse levels labelled by the base objective."""
        levels = self.maze.sample_from(DIVERSE, n, generator=generator)
        return Batch(levels, uniform_over(self.maze.optimal(levels, self.maze.base_objective)))
