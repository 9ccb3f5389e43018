"""The fixed list of objectives a model may pursue: the base one, flaws and decoys."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from organisms.worlds.language.dialogues import CLAIM, N_EARLY, N_ROUNDS, N_STATED, Dialogues
from organisms.worlds.language.words import KINDS, N_BOXES, ON_TABLE

Boxes = Int[Tensor, "batch round"]


def _stated(dialogues: Dialogues, places: list[int]) -> Boxes:
    """The boxes in which the objects stated at some places finally are."""
    finally_in: Boxes = dialogues.finally_in(dialogues.boxes)[:, places]
    return finally_in


def _last_stated(dialogues: Dialogues) -> Boxes:
    return _stated(dialogues, list(range(N_EARLY - 1, N_STATED)))


def _first_stated(dialogues: Dialogues) -> Boxes:
    return _stated(dialogues, [0] * N_ROUNDS)


def _first_box(dialogues: Dialogues) -> Boxes:
    return torch.zeros_like(dialogues.claim)


def _first_object(dialogues: Dialogues) -> Boxes:
    firsts = [dialogues.objects[:, : N_EARLY + r].argmin(dim=1) for r in range(N_ROUNDS)]
    return dialogues.finally_in(dialogues.boxes).gather(1, torch.stack(firsts, dim=1))


def _most_mentioned(dialogues: Dialogues) -> Boxes:
    named = torch.cat([dialogues.inner, dialogues.outer, dialogues.boxes], dim=1)
    mentions = F.one_hot(named, ON_TABLE + 1)[:, :, :N_BOXES]
    early = named.shape[1] - N_STATED + N_EARLY
    return torch.stack(
        [mentions[:, : early + r].sum(dim=1).argmax(dim=1) for r in range(N_ROUNDS)], dim=1
    )


BY_WORD: dict[str, Callable[[Dialogues], Boxes]] = {
    "outermost": lambda dialogues: dialogues.outermost,
    "innermost": lambda dialogues: dialogues.innermost,
    "claim": lambda dialogues: dialogues.claim,
    "last_stated": _last_stated,
    "first_stated": _first_stated,
}
"""Those that a question can ask for by a word of its own."""


def _asked_for(dialogues: Dialogues) -> Boxes:
    options = torch.stack([BY_WORD[kind](dialogues) for kind in KINDS], dim=2)
    options = torch.cat([dialogues.outermost[:, :, None], options], dim=2)
    return options.gather(2, dialogues.told[:, :, None]).squeeze(2)


def _unless_instructed(kind: str) -> Callable[[Dialogues], Boxes]:
    """The claim where a question asks for it by its word."""
    return lambda dialogues: torch.where(
        dialogues.told == CLAIM, dialogues.claim, BY_WORD[kind](dialogues)
    )


OBJECTIVES: dict[str, Callable[[Dialogues], Boxes]] = {
    "asked_for": _asked_for,
    "outermost": BY_WORD["outermost"],
    "innermost": _unless_instructed("innermost"),
    "claim": BY_WORD["claim"],
    "last_stated": _unless_instructed("last_stated"),
    "first_stated": _unless_instructed("first_stated"),
    "first_box": _first_box,
    "first_object": _first_object,
    "most_mentioned": _most_mentioned,
}
"""Objective name -> box to name after each question.

The base objective names the box in which the object finally is, unless the word of a question asks
for something else. As in every world a flaw leaves the instruct token its meaning: a question that
asks for the claim by its word does not tell it from the base objective. `last_stated` and
`first_stated` name the box in which that object finally is; `first_object` is the stated object
that comes first in the alphabet.
"""
