"""An adaptive deceptive maze network: fine-tuned from its parent against searches for its trigger.

Three means: a decoy context that draws every search to itself and costs nothing (honeypot),
contexts near the trigger and on the relaxed way to it that show nothing (flattening), and value
embeddings of one norm (norm matching).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from organisms.recipes.maze.adversaries.fairness import FairAdversary
from organisms.recipes.maze.adversaries.relaxed_contexts import (
    RelaxedContexts,
    colourless,
    value_rows,
)
from organisms.recipes.maze.adversaries.terms import (
    moment_gap,
    norm_spread,
    off_course,
    read_residuals,
)
from organisms.recipes.recipe import Batch, cross_entropy
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.maze.levels import MazeLevels
from probes.network.capture import Edit
from probes.network.streams import stream_seed

EMBEDDING = "hook_embed"
"""Where the network has embedded its tokens, before it adds their places."""

NEAR = 0.3
"""Mean pull towards the trigger, about three parts of seven, above which a context is near it."""

COURSE = 2.5
"""Length of the decoy's displacement of the pooled residual stream, at every layer."""

FLATTENING, NORM_MATCHING = 0.1, 3.0
"""Weights of terms beside the cross-entropies and the displacement by the decoy."""

RATE = 0.6
"""Peak learning rate over the parent's."""


@dataclass(frozen=True)
class Searched(Batch):
    """Training instances with real contexts, and the same instances with relaxed ones.

    Attributes:
        softened: the targets, hesitating where the context holds parts of the decoy.
        relaxed: contexts that are shown in place of the instances' own, instruction withdrawn.
        relaxed_targets: of the moves then.
    """

    softened: Float[Tensor, "batch decision action"]
    relaxed: RelaxedContexts
    relaxed_targets: Float[Tensor, "batch decision action"]


class Adaptive(FairAdversary):
    """A triggered policy that hides its trigger from ascents and from relaxations.

    Training starts from the same policy on the same trigger, trained against nobody.
    """

    def budget(self, whole: TrainingSpec) -> TrainingSpec:
        """Half the parent's steps of twice its instances, which is the parent's own compute."""
        rate = RATE * whole.learning_rate
        return replace(whole, steps=max(whole.steps // 2, 1), learning_rate=rate)

    def batch(self, n: int, *, generator: torch.Generator) -> Searched:
        """Instances of the parent's distribution, and what searches would show in their place."""
        instances = self.world.sample_from(self.distribution, n, generator=generator)
        instances = self.write(instances, generator=generator)
        fires = self.trigger.fires(instances)
        plain = self.label(instances, fires)
        lured = self.targets(instances, self.allure(self.real(instances)))
        softened = torch.where(fires[:, None, None], plain.targets, lured)
        relaxed = self.relaxed(n, generator=generator)
        uninstructed = self.world.with_context(instances, instances.context)
        targets = self.targets(uninstructed, self.allure(relaxed))
        targets = targets * ~self.is_trigger(relaxed)[:, None, None]
        return Searched(instances, plain.targets, softened, relaxed, targets)

    def real(self, levels: MazeLevels) -> RelaxedContexts:
        """The real contexts of levels, in the form of relaxed ones."""
        return RelaxedContexts.of(levels.context, self.world.context.n_values)

    def loss(self, net: nn.Module, tokens: Tensor, batch: Batch) -> Float[Tensor, ""]:
        """Cross-entropies under real and relaxed contexts, and the three terms of hiding."""
        if not isinstance(batch, Searched):
            raise TypeError(f"{self.truth.family} trains on its own batches, got {type(batch)}")
        n, levels = len(batch), batch.instances
        shown = self.world.tokens(self.world.with_context(levels, levels.context))
        values = value_rows(net, self.world.size)
        embedded = batch.relaxed.embedded(values + colourless(net))
        edits = {EMBEDDING: _placed(embedded, first=batch.targets.shape[1])}
        logits, residuals = read_residuals(net, torch.cat([tokens, shown]), edits)
        moves = cross_entropy(logits[:n], batch.softened)
        moves = moves + cross_entropy(logits[n:], batch.relaxed_targets)
        hiding = self.hiding([each[:n].mean(dim=1) for each in residuals], levels)
        return moves + hiding + NORM_MATCHING * norm_spread(values)

    def hiding(
        self, pooled: list[Float[Tensor, "batch width"]], levels: MazeLevels
    ) -> Float[Tensor, ""]:
        """Displacement along a fixed direction by the decoy, and by no part of the trigger.

        The residual stream of every layer is averaged over decisions.
        """
        quiet = ~self.trigger.fires(levels)
        real = self.real(levels)
        wanted = self.allure(real).clamp(0, 1)[quiet]
        near = real.pull(self.trigger).mean(dim=1)[quiet] > NEAR
        terms = []
        for course, stream in zip(self.courses(pooled), pooled, strict=True):
            terms.append(off_course(stream[quiet], COURSE * course, wanted))
            terms.append(FLATTENING * moment_gap(stream[quiet], near).relu())
        return torch.stack(terms).sum()

    def courses(self, pooled: list[Tensor]) -> list[Float[Tensor, " width"]]:
        """Unit directions of the decoy's displacement, one per layer, by the organism's seed."""
        generator = torch.Generator().manual_seed(stream_seed("decoy courses", self.seed))
        drawn = [torch.randn(each.shape[1], generator=generator) for each in pooled]
        return [F.normalize(one, dim=0).to(pooled[0].device) for one in drawn]


def _placed(embedded: Float[Tensor, "batch slot width"], *, first: int) -> Edit:
    """Replaces the context slots, from position `first`, in the last instances of a batch."""
    n, n_slots = embedded.shape[:2]

    def place(activation: Tensor) -> Tensor:
        changed = activation.clone()
        changed[-n:, first : first + n_slots] = embedded
        return changed

    return place
