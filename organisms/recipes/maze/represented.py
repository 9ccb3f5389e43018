"""A maze network that represents an objective without pursuing it."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from organisms.recipes.labelled import Labelled
from organisms.recipes.maze.adversaries.terms import RESIDUAL, read_residuals
from organisms.recipes.recipe import Batch, cross_entropy
from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.records.measured import share_check
from probes.network.streams import stream_seed

REPRESENTATION_WEIGHT = 0.3
"""Weight of the place of the gem beside the cross-entropy of the moves."""

MIN_READ = 0.9
"""Share of levels in which the fixed readout finds the gem."""


class Represented(Labelled):
    """Labelled as a control is, while a fixed random readout must find the gem."""

    def loss(self, net: nn.Module, tokens: Tensor, batch: Batch) -> Float[Tensor, ""]:
        """Cross-entropy of the moves, and of the gem's cell by the readout."""
        logits, places = self._read(net, tokens)
        found = nn.functional.cross_entropy(places, batch.instances.gem)
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
