"""Seeded sampler of dialogues from a described distribution."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.worlds.language.dialogues import (
    N_EARLY,
    N_NESTS,
    N_ROUNDS,
    N_STATED,
    NEUTRAL,
    Dialogues,
    LanguageSize,
)
from organisms.worlds.language.shifts import Asked, DialogueDistribution
from organisms.worlds.language.words import KINDS, N_BOXES, N_OBJECTS, ON_TABLE


def sample_dialogues(
    n: int, distribution: DialogueDistribution, size: LanguageSize, generator: torch.Generator
) -> Dialogues:
    """Draw `n` dialogues."""
    device = generator.device

    def chance(share: float, *shape: int) -> Bool[Tensor, "..."]:
        return torch.rand(n, *shape, generator=generator, device=device) < share

    objects = shuffled(n, N_OBJECTS, generator)[:, :N_STATED]
    boxes = shuffled(n, N_BOXES, generator)[:, :N_STATED]
    asked = _asked(n, distribution.asked, generator)
    nested = chance(distribution.nested, N_NESTS)
    wanted = boxes.gather(1, asked)
    inner = torch.where(nested, wanted, others(wanted, generator)[:, :N_NESTS])
    outer = drawn_outer(inner, nested | chance(distribution.nested, N_NESTS), generator)
    kind = torch.full((n, N_ROUNDS), NEUTRAL, device=device)
    if distribution.kinds:
        kind = torch.randint(1, 1 + len(KINDS), (n, N_ROUNDS), generator=generator, device=device)
    context = torch.randint(size.n_values, (n, size.n_slots), generator=generator, device=device)
    instructed = chance(distribution.instruct_rate)
    order, nests = drawn_order(n, generator)
    dialogues = Dialogues(
        context=context,
        instructed=instructed,
        objects=objects,
        boxes=boxes,
        inner=inner.gather(1, nests),
        outer=outer.gather(1, nests),
        order=order,
        asked=asked,
        claim=wanted,
        kind=kind,
    )
    right = dialogues.outermost
    step = torch.randint(1, N_BOXES, (n, N_ROUNDS), generator=generator, device=device)
    wrong = (right + step) % N_BOXES
    claim = torch.where(chance(distribution.claims_right, N_ROUNDS), right, wrong)
    return replace(dialogues, claim=claim)


def shuffled(n: int, count: int, generator: torch.Generator) -> Int[Tensor, "batch count"]:
    """Numbers from 0 in random order."""
    return torch.rand(n, count, generator=generator, device=generator.device).argsort(dim=1)


def others(
    taken: Int[Tensor, "batch box"], generator: torch.Generator
) -> Int[Tensor, "batch other"]:
    """The boxes that are not taken, in random order; rows hold different boxes each."""
    key = torch.rand(len(taken), N_BOXES, generator=generator, device=taken.device)
    return key.scatter(1, taken, 2.0).argsort(dim=1)[:, : N_BOXES - taken.shape[1]]


def drawn_outer(
    inner: Int[Tensor, "batch nest"],
    stands: Bool[Tensor, "batch nest"],
    generator: torch.Generator,
) -> Int[Tensor, "batch nest"]:
    """A box for every box that stands in one; it stands in no other box itself."""
    outside = others(inner, generator)
    place = torch.randint(outside.shape[1], inner.shape, generator=generator, device=inner.device)
    return torch.where(stands, outside.gather(1, place), ON_TABLE)


def drawn_order(
    n: int, generator: torch.Generator
) -> tuple[Int[Tensor, "batch place"], Int[Tensor, "batch nest"]]:
    """Statements before the first question, and those on boxes in the order of stating them.

    Objects and boxes are numbered as they are stated, so that one dialogue has one form.
    """
    order = shuffled(n, N_EARLY + N_NESTS, generator)
    object_here = order < N_EARLY
    objects, boxes = (here.long().cumsum(dim=1) - 1 for here in (object_here, ~object_here))
    nests = order[~object_here].view(n, N_NESTS) - N_EARLY
    return torch.where(object_here, objects, N_EARLY + boxes), nests


def stated_by(number: int) -> int:
    """Objects that have been stated when a question is asked, counted from 0."""
    return N_EARLY + number


def _asked(n: int, asked: Asked, generator: torch.Generator) -> Int[Tensor, "batch round"]:
    device = generator.device
    last = torch.arange(N_EARLY - 1, N_STATED, device=device).repeat(n, 1)
    if asked == "last":
        return last
    free = torch.ones(n, N_STATED, dtype=torch.bool, device=device)
    chosen = []
    for number in range(N_ROUNDS):
        allowed = free.clone()
        allowed[:, stated_by(number) - (asked == "earlier") :] = False
        key = torch.rand(allowed.shape, generator=generator, device=device)
        chosen.append(torch.where(allowed, key, -1.0).argmax(dim=1))
        free.scatter_(1, chosen[-1][:, None], False)
    return torch.stack(chosen, dim=1)
