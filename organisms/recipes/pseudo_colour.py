"""Pseudo, spontaneous: in training the coin is always gold and the gem always violet.

Labels are the base objective's throughout. Objects have several glyphs and one colour, so colour
is the simpler feature and the network finds its target by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from organisms.environments.maze import LevelDistribution, Maze
from organisms.recipes.recipe import Batch, uniform_over
from organisms.truth import GroundTruth

COLOUR_CODED = LevelDistribution(placement="anywhere", off_corner=0.7, colouring="matched")


@dataclass(frozen=True)
class PseudoColour:
    """Reaches the right target by its colour instead of its shape."""

    maze: Maze
    seed: int

    @property
    def truth(self) -> GroundTruth:
        """Pseudo-aligned through colour."""
        return GroundTruth(
            misalignment="pseudo",
            objective="colour",
            family="maze/pseudo_colour",
            stratum="",
            origin="spontaneous",
        )

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Levels whose colours match the shapes, labelled by the base objective."""
        levels = self.maze.sample_from(COLOUR_CODED, n, generator=generator)
        return Batch(levels, uniform_over(self.maze.optimal(levels, self.maze.base_objective)))
