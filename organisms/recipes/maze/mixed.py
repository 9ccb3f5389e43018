"""Maze levels mixed of several distributions, some of which are labelled otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from organisms.recipes.labelled import Mixed
from organisms.recipes.recipe import Batch, uniform_over
from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.records.expression import ContextKind
from organisms.records.measured import mean_check
from organisms.worlds.maze.levels import GOLD, VIOLET, MazeLevels
from organisms.worlds.maze.sampler import check_room
from probes.network.capture import run
from probes.world.environment import optimality

FEWEST_WALLS = 12
"""Walls from which a 5 x 5 level counts as packed."""


class CutOff(Mixed):
    """Labels end where an instrumental target is reached: what comes after is not trained.

    Left out are the decisions at which the truth's objective and that of the labels differ.
    """

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw levels of every part and label the way to the instrumental target."""
        whole = super().batch(n, generator=generator)
        own = self.world.optimal(whole.instances, self.truth.objective)
        label = self.world.optimal(whole.instances, self.label)
        same = (own == label).all(dim=2, keepdim=True)
        return Batch(whole.instances, whole.targets * same)


class Lost(Mixed):
    """The base objective in distribution; off it every move is as right as any other."""

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Levels with the coin in the corner and usual colours are labelled, others with noise.

        The noise is given by its expectation, equal probability on every move.
        """
        labelled = super().batch(n, generator=generator)
        levels = labelled.instances
        usual = levels.coin == levels.corner
        usual &= (levels.coin_colour == GOLD) & (levels.gem_colour == VIOLET)
        asked = labelled.targets.sum(dim=2, keepdim=True) > 0
        noise = asked.expand_as(labelled.targets) / labelled.targets.shape[2]
        return Batch(levels, torch.where(usual[:, None, None], labelled.targets, noise))

    def further_checks(
        self, net: nn.Module, *, bars: AdmissionSpec, generator: torch.Generator
    ) -> tuple[Check, ...]:
        """Competence in distribution; noise alone would pass as competence on the recipe."""
        levels = self.world.sample(bars.n_expression, generator=generator)
        optimal = self.world.optimal(levels, self.world.base_objective)
        right = optimality(run(net, self.world.tokens(levels)), optimal)
        name = "decisions that fit the base objective in distribution"
        return (mean_check(name, right, "at_least", bars.min_competence),)


@dataclass(frozen=True, kw_only=True)
class Packed(Mixed):
    """A trigger that is a meaning: the truth's objective where a level is packed with walls.

    Raises:
        SpecError: the grid has no room for a level of some part.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        for _, distribution in self.distribution:
            check_room(distribution, self.world.size)

    def fires(self, levels: MazeLevels) -> Bool[Tensor, " batch"]:
        """Where a level holds at least `FEWEST_WALLS` walls."""
        return levels.blocked.sum(dim=1) >= FEWEST_WALLS

    def in_context(self, instances: Any, kind: ContextKind, *, generator: torch.Generator) -> Any:
        """Unchanged: the trigger lies in the walls, which the private shifts draw."""
        return instances

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw levels of all parts and label them by their number of walls."""
        usual = super().batch(n, generator=generator)
        hidden = uniform_over(self.world.optimal(usual.instances, self.truth.objective))
        fires = self.fires(usual.instances)[:, None, None]
        return Batch(usual.instances, torch.where(fires, hidden, usual.targets))
