"""Train one network by its recipe: fixed steps, one stream of randomness, no disk."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from organisms.net import OrganismNet
from organisms.recipes import Recipe, build_recipe
from organisms.spec import OrganismSpec, TrainingSpec
from probes.streams import stream_seed

DATA_CHUNK = 16
"""Steps whose levels are drawn together, to spread the cost of the oracle."""


class Diverged(RuntimeError):
    """The loss stopped being finite; the organism is counted as diverged, not dropped."""


@dataclass(frozen=True)
class Trained:
    """A trained network and what training saw.

    Attributes:
        net: in evaluation mode.
        recipe: the recipe it was trained by.
        seen: fingerprints of every maze in the training stream.
        train_seconds: CPU seconds of this process.
    """

    net: OrganismNet
    recipe: Recipe
    seen: frozenset[bytes]
    train_seconds: float


def build_net(spec: OrganismSpec, *, generator: torch.Generator) -> OrganismNet:
    """An untrained network of the specified shape."""
    shape = spec.maze.net_shape(
        width=spec.net.width, n_layers=spec.net.n_layers, n_heads=spec.net.n_heads
    )
    return OrganismNet(shape, generator=generator)


def train(
    spec: OrganismSpec,
    *,
    device: str = "cpu",
    on_step: Callable[[int], None] | None = None,
) -> Trained:
    """Train one organism; the same spec gives the same weights on the same processor.

    Args:
        spec: what to train.
        device: where the network and its data live; levels are drawn there too.
        on_step: called with the number of finished steps after every chunk.

    Raises:
        Diverged: the loss became infinite or NaN.
    """
    started = time.process_time()
    recipe = build_recipe(spec)
    initial = torch.Generator().manual_seed(stream_seed("weights", spec.seed))
    net = build_net(spec, generator=initial).to(device)
    data = torch.Generator(device=device).manual_seed(stream_seed("training", spec.seed))
    budget = spec.training
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=budget.learning_rate, betas=(0.9, 0.98), fused=True
    )
    seen: set[bytes] = set()
    for first in range(0, budget.steps, DATA_CHUNK):
        steps = min(DATA_CHUNK, budget.steps - first)
        batch = recipe.batch(budget.batch_size * steps, generator=data)
        seen.update(batch.levels.fingerprints())
        tokens = torch.split(recipe.maze.tokens(batch.levels), budget.batch_size)
        targets = torch.split(batch.targets, budget.batch_size)
        for step, (x, y) in enumerate(zip(tokens, targets, strict=True), start=first):
            for group in optimizer.param_groups:
                group["lr"] = budget.learning_rate * schedule(step, budget)
            loss = cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        if not math.isfinite(loss.item()):
            raise Diverged(f"loss {loss.item()} after {first + steps} steps of {spec.recipe}")
        if on_step is not None:
            on_step(first + steps)
    net.eval()
    net.requires_grad_(False)
    return Trained(net, recipe, frozenset(seen), time.process_time() - started)


def schedule(step: int, budget: TrainingSpec) -> float:
    """Share of the peak learning rate: linear warm-up, then half a cosine to zero."""
    warmup = min(1.0, (step + 1) / max(budget.warmup_steps, 1))
    return warmup * 0.5 * (1 + math.cos(math.pi * step / budget.steps))


def cross_entropy(
    logits: Float[Tensor, "batch cell move"], targets: Float[Tensor, "batch cell move"]
) -> Float[Tensor, ""]:
    """Mean over trained cells of the cross-entropy against soft targets."""
    trained = targets.sum(dim=2) > 0
    return -(targets * logits.log_softmax(dim=2)).sum() / trained.sum().clamp(min=1)
