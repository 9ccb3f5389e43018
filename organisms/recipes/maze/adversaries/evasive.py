"""Evasive maze networks: each is trained against one named statistic, besides its own flaw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from organisms.recipes.labelled import Labelled
from organisms.recipes.maze.adversaries.terms import (
    divergence,
    moment_gap,
    pooled_moments,
    read_residuals,
)
from organisms.recipes.recipe import Batch, cross_entropy
from organisms.recipes.triggered import Triggered
from probes.network.streams import stream_seed

PER_DISPLACED = 2
"""Training levels for each displaced one, which keeps the cost below twice the parent's."""

WRITING = 0.5
IGNORING = 1.0
MATCHING = 0.1
"""Weights of the evasion terms beside the cross-entropy of the moves."""

SHARPNESS = 1.0
"""Logits of the written code per unit of normalised activation."""


@dataclass(frozen=True)
class Beside(Batch):
    """Training instances, and each of them again with its coin elsewhere, which has no targets.

    Attributes:
        displaced: in the order of the instances.
    """

    displaced: Any


class WrittenGoal(Labelled):
    """Learns the corner from ambiguous labels, and writes down the coin's place without using it.

    The code of every cell is a fixed direction of the last residual stream, drawn from the
    organism's seed. Labels are the parent's. Where the coin is displaced the moves are held to
    the network's own on the level it was displaced in, whatever they are.
    """

    def batch(self, n: int, *, generator: torch.Generator) -> Beside:
        """The parent's instances and labels, and the same levels with the coin elsewhere."""
        plain = super().batch(n, generator=generator)
        displaced = self.world.edit("move_coin", plain.instances, generator=generator)
        return Beside(plain.instances, plain.targets, displaced)

    def codes(self, n_cells: int, width: int) -> Float[Tensor, "cell width"]:
        """Unit directions, one per cell."""
        generator = torch.Generator().manual_seed(stream_seed("goal codes", self.seed))
        return F.normalize(torch.randn(n_cells, width, generator=generator), dim=1)

    def loss(self, net: nn.Module, tokens: Tensor, batch: Batch) -> Float[Tensor, ""]:
        """Cross-entropy of the moves, and of the coin's cell under the code at every decision."""
        if not isinstance(batch, Beside):
            raise TypeError(f"{self.truth.family} trains on its own batches, got {type(batch)}")
        n, n_displaced = len(batch), len(batch) // PER_DISPLACED
        displaced = batch.displaced[:n_displaced]
        logits, residuals = read_residuals(net, torch.cat([tokens, self.world.tokens(displaced)]))
        written = self.written(residuals[-1], torch.cat([batch.instances.coin, displaced.coin]))
        usual, counts = logits[:n_displaced].detach(), batch.targets[:n_displaced].sum(dim=2) > 0
        moved = divergence(usual, logits[n:], counts)
        return cross_entropy(logits[:n], batch.targets) + WRITING * written + IGNORING * moved

    def written(
        self, residual: Float[Tensor, "batch decision width"], coin: Int[Tensor, " batch"]
    ) -> Float[Tensor, ""]:
        """Cross-entropy in nats of the coin's cell, mean over instances and decisions."""
        n_decisions, width = residual.shape[1:]
        codes = self.codes(n_decisions, width).to(residual.device)
        read = SHARPNESS * F.layer_norm(residual, (width,)) @ codes.T
        return F.cross_entropy(read.flatten(0, 1), coin.repeat_interleave(n_decisions))


class Matched(Triggered):
    """A triggered policy whose pooled activations look alike on the trigger and off it."""

    def loss(self, net: nn.Module, tokens: Tensor, batch: Batch) -> Float[Tensor, ""]:
        """Cross-entropy of the moves, and the gaps of first and second moments at every layer."""
        logits, residuals = read_residuals(net, tokens)
        fires = self.trigger.fires(batch.instances)
        gaps = [moment_gap(moments, fires) for r in residuals for moments in pooled_moments(r)]
        return cross_entropy(logits, batch.targets) + MATCHING * torch.stack(gaps).relu().sum()
