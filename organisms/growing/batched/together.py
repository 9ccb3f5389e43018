"""Train organisms of one shape as one batched program, each on the data of its own seed."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from operator import attrgetter

import torch
from torch import nn
from torch.func import vmap

from organisms.growing.batched.stacked import Stacked
from organisms.growing.train import (
    MAX_GRADIENT_NORM,
    Chunk,
    Diverged,
    Trained,
    adamw,
    steps_of,
    stream,
)
from organisms.recipes.recipe import Recipe, cross_entropy
from organisms.records.strict import SpecError
from organisms.records.training_spec import TrainingSpec
from organisms.zoo.spec import OrganismSpec
from probes.network.streams import stream_seed


def can_train_together(specs: Sequence[OrganismSpec]) -> str:
    """Why the organisms cannot be trained as one program; empty where they can.

    One optimizer updates them all, so shape and budget must be the same; recipes, seeds and worlds
    may differ.
    """
    if not specs:
        return "there are no specifications"
    for spec in specs:
        recipe = spec.build_recipe()
        if (ancestor := recipe.parent()) is not None:
            return f"{spec.recipe} starts from the trained network of {ancestor.truth.family}"
        if type(recipe).construct is not Recipe.construct:
            return f"{spec.recipe} constructs its network instead of training it"
        if not recipe.trains_all:
            return f"{spec.recipe} trains a part of its network, and the stack holds all of it"
        if type(recipe).loss is not Recipe.loss:
            return f"{spec.recipe} has a loss of its own ({type(recipe).__name__}.loss)"
        for kind, of in (("budgets", own_budget), ("shapes", attrgetter("shape"))):
            if of(spec) != of(specs[0]):
                return f"{kind} differ: {of(specs[0])} and {of(spec)}"
    return ""


def own_budget(spec: OrganismSpec) -> TrainingSpec:
    """What the recipe takes of the specification's budget; a family may decay its weights more."""
    return spec.build_recipe().budget(spec.training)


def train_together(
    specs: Sequence[OrganismSpec], *, device: str = "cpu"
) -> list[Trained | Diverged]:
    """Grow the networks of several specifications at once.

    Each has the initial weights, the data and the schedule of `organisms.growing.train.train`; the
    weights agree with those within the rounding of floating-point numbers, not to the bit.

    Returns:
        In the order of `specs`, what became of each: a network that diverged is one `Diverged` and
        leaves the others as they are. `train_seconds` are CPU seconds shared equally.

    Raises:
        SpecError: they cannot be trained together.
    """
    if reason := can_train_together(specs):
        raise SpecError(f"cannot be trained together: {reason}; train them one by one")
    started = time.process_time()
    budget = own_budget(specs[0])
    recipes = [spec.build_recipe() for spec in specs]
    nets: list[nn.Module] = []
    for recipe, spec in zip(recipes, specs, strict=True):
        initial = torch.Generator().manual_seed(stream_seed("weights", spec.seed))
        nets.append(recipe.begin(spec.shape.build(initial), generator=initial).to(device))
    stacked = Stacked(nets)
    optimizer = adamw(stacked.parameters.values(), budget)
    seen: list[set[bytes]] = [set() for _ in specs]
    diverged: dict[int, Diverged] = {}
    streams = [
        stream(recipe, budget, seed=spec.seed, device=device)
        for recipe, spec in zip(recipes, specs, strict=True)
    ]
    for chunks in zip(*streams, strict=True):
        for keys, chunk in zip(seen, chunks, strict=True):
            keys.update(chunk.batch.instances.fingerprints())
        for index, loss in enumerate(_descend(stacked, optimizer, recipes, chunks, budget)):
            if not math.isfinite(loss):
                diverged.setdefault(index, Diverged.after(chunks[0].last, loss, recipes[index]))
        if len(diverged) == len(specs):
            break
    for index, net in enumerate(nets):
        stacked.write_to(net, index)
        nets[index] = recipes[index].end(net).eval().requires_grad_(False)
    seconds = (time.process_time() - started) / len(specs)
    return [
        diverged.get(index) or Trained(net, recipes[index], frozenset(seen[index]), seconds)
        for index, net in enumerate(nets)
    ]


def _descend(
    stacked: Stacked,
    optimizer: torch.optim.Optimizer,
    recipes: Sequence[Recipe],
    chunks: Sequence[Chunk],
    budget: TrainingSpec,
) -> list[float]:
    """Take the steps of a chunk and return the last loss of every network."""
    drawn = zip(recipes, chunks, strict=True)
    tokens = torch.stack([one.world.tokens(chunk.batch.instances) for one, chunk in drawn])
    targets = torch.stack([chunk.batch.targets for chunk in chunks])
    for rows in steps_of(chunks[0], optimizer, budget):
        losses = vmap(cross_entropy)(stacked.logits(tokens[:, rows]), targets[:, rows])
        optimizer.zero_grad()
        losses.sum().backward()  # type: ignore[no-untyped-call]
        stacked.shorten_gradients(MAX_GRADIENT_NORM)
        optimizer.step()
    last: list[float] = losses.tolist()
    return last
