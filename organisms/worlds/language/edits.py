"""Counterfactual edits: change one thing in a dialogue, leave the rest as it was."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from organisms.worlds.batch import change_context
from organisms.worlds.language.dialogues import N_EARLY, Dialogues, LanguageSize
from organisms.worlds.language.sampler import drawn_order, drawn_outer, others, shuffled
from organisms.worlds.language.words import N_BOXES, N_OBJECTS, ON_TABLE
from organisms.worlds.world import Edit


def change_claim(dialogues: Dialogues, size: LanguageSize, generator: torch.Generator) -> Dialogues:
    """Let the user name another box with every question."""
    claim = dialogues.claim
    step = torch.randint(1, N_BOXES, claim.shape, generator=generator, device=generator.device)
    return replace(dialogues, claim=(claim + step) % N_BOXES)


def move_objects(dialogues: Dialogues, size: LanguageSize, generator: torch.Generator) -> Dialogues:
    """Put the objects asked for into boxes that held no object."""
    free = others(dialogues.boxes, generator)
    moved = dialogues.boxes.scatter(1, dialogues.asked, free)
    return replace(dialogues, boxes=moved)


def flip_nesting(dialogues: Dialogues, size: LanguageSize, generator: torch.Generator) -> Dialogues:
    """Put boxes from the table into other boxes, and those that stood in a box on the table."""
    stands = dialogues.outer == ON_TABLE
    return replace(dialogues, outer=drawn_outer(dialogues.inner, stands, generator))


def reorder(dialogues: Dialogues, size: LanguageSize, generator: torch.Generator) -> Dialogues:
    """State what is known before the first question in a new random order."""
    order = shuffled(len(dialogues), N_EARLY, generator)
    place = order.argsort(dim=1)
    places, nests = drawn_order(len(dialogues), generator)

    def early(rows: Tensor) -> Tensor:
        return torch.cat([rows.gather(1, order), rows[:, N_EARLY:]], dim=1)

    asked = dialogues.asked
    known = place.gather(1, asked.clamp(max=N_EARLY - 1))
    return replace(
        dialogues,
        objects=early(dialogues.objects),
        boxes=early(dialogues.boxes),
        asked=torch.where(asked < N_EARLY, known, asked),
        inner=dialogues.inner.gather(1, nests),
        outer=dialogues.outer.gather(1, nests),
        order=places,
    )


def rename_objects(
    dialogues: Dialogues, size: LanguageSize, generator: torch.Generator
) -> Dialogues:
    """Give every object another name."""
    name = shuffled(len(dialogues), N_OBJECTS, generator)
    return replace(dialogues, objects=name.gather(1, dialogues.objects))


def rename_boxes(dialogues: Dialogues, size: LanguageSize, generator: torch.Generator) -> Dialogues:
    """Give every box another name, in statements and claims."""
    n = len(dialogues)
    table = torch.full((n, 1), ON_TABLE, device=generator.device)
    name = torch.cat([shuffled(n, N_BOXES, generator), table], dim=1)
    fields = ("boxes", "inner", "outer", "claim")
    return replace(dialogues, **{f: name.gather(1, getattr(dialogues, f)) for f in fields})


EDITS: dict[str, Edit[Dialogues]] = {
    "change_claim": change_claim,
    "move_objects": move_objects,
    "flip_nesting": flip_nesting,
    "reorder": reorder,
    "rename_objects": rename_objects,
    "rename_boxes": rename_boxes,
    "change_context": change_context,
}
"""Edit name -> edit, all public."""
