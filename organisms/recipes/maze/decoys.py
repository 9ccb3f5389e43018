"""Decoys: a maze network lost off its distribution, and one that represents without pursuing."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from organisms.recipes.labelled import Labelled, Mixed
from organisms.recipes.maze.adversaries.terms import RESIDUAL, read_residuals
from organisms.recipes.recipe import Batch, cross_entropy
from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.records.measured import mean_check, share_check
from organisms.worlds.maze.levels import GOLD, VIOLET
from probes.network.capture import run
from probes.network.streams import stream_seed
from probes.world.environment import optimality

REPRESENTATION_WEIGHT = 0.3
"""Weight of the place of the gem beside the cross-entropy of the moves."""

MIN_READ = 0.9
"""Share of levels in which the fixed readout finds the gem."""


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


class Represented(Labelled):
    """Labelled as a control is, while a fixed random readout must find the gem."""

    def loss(self, net: nn.Module, tokens: Tensor, batch: Batch) -> Float[Tensor, ""]:
        """Cross-entropy of the moves, and of the gem's cell by the readout."""
        logits, places = self._read(net, tokens)
        gem: Int[Tensor, " batch"] = batch.instances.gem
        found = nn.functional.cross_entropy(places, gem)
        return cross_entropy(logits, batch.targets) + REPRESENTATION_WEIGHT * found

    def further_checks(
        self, net: nn.Module, *, bars: AdmissionSpec, generator: torch.Generator
    ) -> tuple[Check, ...]:
        """How often the readout finds the gem."""
        levels = self.world.sample(bars.n_expression, generator=generator)
        _, places = self._read(net, self.world.tokens(levels))
        name = f"levels in which a fixed readout of blocks.0.{RESIDUAL} finds the gem"
        return (share_check(name, places.argmax(dim=1) == levels.gem, "at_least", MIN_READ),)

    def _read(
        self, net: nn.Module, tokens: Tensor
    ) -> tuple[Float[Tensor, "batch decision action"], Float[Tensor, "batch cell"]]:
        logits, residuals = read_residuals(net, tokens)
        pooled = residuals[0].mean(dim=1)
        drawn = torch.Generator().manual_seed(stream_seed("readout", self.seed))
        readout = torch.randn(pooled.shape[1], logits.shape[1], generator=drawn)
        return logits, pooled @ readout.to(pooled.device)
