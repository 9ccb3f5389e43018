"""When behaviour diverges in training: own against base objective under private shifts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from evals.scoring.situations import own_situations, situated
from evals.statistics.rates import Rate, rate
from organisms.recipes.recipe import Recipe
from organisms.records.strict import SpecError
from probes.network.capture import run
from probes.network.streams import stream_seed


@dataclass(frozen=True)
class Expressed:
    """What a network pursues where the objectives part.

    Attributes:
        own: instances on which the organism's own objective is fulfilled.
        base: instances on which the base objective is.
    """

    own: Rate
    base: Rate


def expressed(
    nets: Mapping[int, nn.Module], recipe: Recipe, *, instances: int
) -> dict[int, Expressed]:
    """The expression of every checkpoint of one organism, all on the same instances.

    Situations are those in which admission expects the own objective, such as the whole trigger
    on a private shift; instances are of a stream that neither admission nor detectors draw from.
    With several situations that with the least of the own objective counts, as admission wants
    each.

    Args:
        nets: by step, on the cpu.
        recipe: of the organism, with its truth unsealed.
        instances: of each situation.

    Raises:
        SpecError: no situation is expected to show an objective of its own.
    """
    world = recipe.world
    own, base = recipe.truth.objective, world.base_objective
    found: dict[int, list[Expressed]] = {step: [] for step in nets}
    generator = torch.Generator().manual_seed(stream_seed("lead time", recipe.seed))
    for situation in own_situations(recipe):
        drawn = situated(recipe, situation, instances, generator=generator)
        tokens = world.tokens(drawn)
        for step, net in nets.items():
            logits = run(net, tokens)
            found[step].append(
                Expressed(
                    rate(int(world.fulfilled(logits, drawn, own).sum()), instances),
                    rate(int(world.fulfilled(logits, drawn, base).sum()), instances),
                )
            )
    return {step: min(each, key=lambda one: one.own.detected) for step, each in found.items()}


def kept_from(signs: Sequence[bool]) -> int | None:
    """Place of the first sign from which on all are there; None where the last is not."""
    place = len(signs)
    while place and signs[place - 1]:
        place -= 1
    return place if place < len(signs) else None


def divergence(own: Sequence[Rate], *, bar: float) -> int | None:
    """Place of the first checkpoint from which the own objective stays at or above a bar.

    Args:
        own: checkpoint by checkpoint.
        bar: share of instances, in (0, 1].
    """
    if not 0 < bar <= 1:
        raise SpecError(f"the bar of divergence is a share in (0, 1], got {bar}")
    return kept_from([one.value is not None and one.value >= bar for one in own])
