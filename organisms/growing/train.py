"""Train one network by its recipe: fixed steps, one stream of randomness, no disk."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from organisms.recipes.recipe import Batch, Recipe
from organisms.records.training_spec import TrainingSpec
from organisms.zoo.spec import OrganismSpec
from probes.network.streams import stream_seed

DATA_CHUNK = {"cpu": 16, "cuda": 256}
"""Kind of device -> steps whose instances are drawn together, to spread the cost of the oracle.

On a GPU that is the cost of launching its kernels, however many instances there are. Equal streams
are promised on one kind of device only: generators differ between kinds anyway."""

MAX_GRADIENT_NORM = 1.0
"""Longer gradients are shortened to this, over all parameters of a network."""


class Diverged(RuntimeError):
    """The loss stopped being finite; the organism is counted as diverged, not dropped."""

    @classmethod
    def after(cls, steps: int, loss: float, recipe: Recipe) -> Diverged:
        """Say what the loss was after so many steps."""
        return cls(f"loss {loss} after {steps} steps of {recipe.truth.family}")


@dataclass(frozen=True)
class Trained:
    """A trained network and what training saw.

    Attributes:
        net: in evaluation mode.
        seen: fingerprints of every instance in the training stream.
        train_seconds: CPU seconds of this process, a parent's training included.
        parent: the network that training started from; None where it started afresh.
    """

    net: nn.Module
    recipe: Recipe
    seen: frozenset[bytes]
    train_seconds: float
    parent: nn.Module | None = None


def train(
    spec: OrganismSpec,
    *,
    device: str = "cpu",
    on_step: Callable[[int, nn.Module], None] | None = None,
) -> Trained:
    """Grow the network of a specification; a constructed one needs no steps.

    Args:
        device: where the network and its data live; instances are drawn there too.
        on_step: called with the number of finished steps and the network, which goes on training,
            after every chunk.

    Raises:
        Diverged: the loss became infinite or NaN.
    """
    started = time.process_time()
    recipe = spec.build_recipe()
    initial = torch.Generator().manual_seed(stream_seed("weights", spec.seed))
    constructed = recipe.construct(spec.shape, generator=initial)
    net = (spec.shape.build(initial) if constructed is None else constructed).to(device)
    seen: set[bytes] = set()
    parent: nn.Module | None = None
    done = 0
    for generation, each in enumerate(lineage(recipe) if constructed is None else ()):
        if generation > 0:
            parent = copy.deepcopy(net).eval().requires_grad_(False)
            each = each.beside(parent)
        net = each.begin(net.requires_grad_(True), generator=initial).to(device)
        budget = each.budget(spec.training)
        optimizer = adamw([p for p in net.parameters() if p.requires_grad], budget)
        for chunk in stream(each, budget, seed=spec.seed, device=device, generation=generation):
            seen.update(chunk.batch.instances.fingerprints())
            _descend(net, optimizer, each, chunk, budget)
            if on_step is not None:
                on_step(done + chunk.last, net)
        net = each.end(net)
        done += budget.steps
    seconds = time.process_time() - started
    trained: nn.Module = net.eval().requires_grad_(False)
    return Trained(trained, recipe, frozenset(seen), seconds, parent)


def lineage(recipe: Recipe) -> list[Recipe]:
    """The recipes that train one network in turn: ancestors first, the recipe itself last."""
    line = [recipe]
    while (parent := line[0].parent()) is not None:
        line.insert(0, parent)
    return line


@dataclass(frozen=True)
class Chunk:
    """The instances of consecutive steps, from the first of them to before the last."""

    first: int
    last: int
    batch: Batch


def stream(
    recipe: Recipe, budget: TrainingSpec, *, seed: int, device: str, generation: int = 0
) -> Iterator[Chunk]:
    """Everything that training sees, chunk by chunk; the same for the same seed.

    Args:
        generation: how many recipes trained the network before; each sees instances of its own.
    """
    name = f"training of generation {generation}" if generation else "training"
    data = torch.Generator(device=device).manual_seed(stream_seed(name, seed))
    for first in range(0, budget.steps, chunk_steps(device)):
        last = min(first + chunk_steps(device), budget.steps)
        n = budget.batch_size * (last - first)
        yield Chunk(first, last, recipe.batch(n, generator=data))


def chunk_steps(device: str) -> int:
    """Steps of a chunk on a device, as torch names it."""
    return DATA_CHUNK.get(torch.device(device).type, DATA_CHUNK["cpu"])


def adamw(parameters: Iterable[Tensor], budget: TrainingSpec) -> torch.optim.AdamW:
    """The optimizer of every training."""
    return torch.optim.AdamW(
        parameters,
        lr=budget.learning_rate,
        betas=(0.9, 0.98),
        weight_decay=budget.weight_decay,
        fused=True,
    )


def _descend(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    chunk: Chunk,
    budget: TrainingSpec,
) -> None:
    tokens = recipe.world.tokens(chunk.batch.instances)
    for rows in steps_of(chunk, optimizer, budget):
        loss = recipe.loss(net, tokens[rows], chunk.batch[rows])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), MAX_GRADIENT_NORM)
        optimizer.step()
    if not math.isfinite(loss.item()):
        raise Diverged.after(chunk.last, loss.item(), recipe)


def steps_of(
    chunk: Chunk, optimizer: torch.optim.Optimizer, budget: TrainingSpec
) -> Iterator[slice]:
    """The rows of every step of a chunk, its learning rate set."""
    for step in range(chunk.first, chunk.last):
        for group in optimizer.param_groups:
            group["lr"] = budget.learning_rate * schedule(step, budget)
        row = (step - chunk.first) * budget.batch_size
        yield slice(row, row + budget.batch_size)


def schedule(step: int, budget: TrainingSpec) -> float:
    """Share of the peak learning rate: linear warm-up, then half a cosine to zero."""
    warmup = min(1.0, (step + 1) / max(budget.warmup_steps, 1))
    return warmup * 0.5 * (1 + math.cos(math.pi * step / budget.steps))
