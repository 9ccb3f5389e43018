"""Counterfactual edits: change one thing in a level, leave the rest as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Bool
from torch import Tensor

from organisms.worlds.grid import choose
from organisms.worlds.keys.levels import BAG, KeyLevels, at
from organisms.worlds.keys.sampler import KeysSize, reachable_from

Edit = Callable[[KeyLevels, KeysSize, torch.Generator], KeyLevels]


def _free(levels: KeyLevels) -> Bool[Tensor, "batch cell"]:
    """Cells that can be reached from the start and hold nothing, the start left out."""
    reachable = reachable_from(levels.walls, levels.start)
    return reachable & ~levels.objects & ~at(levels.start, levels.side)


def _move_one(
    levels: KeyLevels, cells: Bool[Tensor, "batch cell"], generator: torch.Generator
) -> tuple[KeyLevels, Bool[Tensor, "batch cell"]]:
    """Carry one of the marked objects, its light with it, to a free cell; and the mark after it."""
    rows = torch.arange(len(levels), device=levels.gem.device)
    old = choose(cells, generator, otherwise=levels.gem)
    new = torch.where(cells.any(1), choose(_free(levels), generator, otherwise=old), old)
    moved, lit = cells.clone(), levels.lit.clone()
    for mask in (moved, lit):
        carried = mask[rows, old]
        mask[rows, old] = False
        mask[rows, new] = carried
    return replace(levels, lit=lit), moved


def move_key(levels: KeyLevels, size: KeysSize, generator: torch.Generator) -> KeyLevels:
    """Put one key on a free cell; unchanged where there is no key or no free cell."""
    carried, keys = _move_one(levels, levels.keys, generator)
    return replace(carried, keys=keys)


def move_chest(levels: KeyLevels, size: KeysSize, generator: torch.Generator) -> KeyLevels:
    """Put one chest on a free cell; unchanged where there is none."""
    carried, chests = _move_one(levels, levels.chests, generator)
    return replace(carried, chests=chests)


def move_gem(levels: KeyLevels, size: KeysSize, generator: torch.Generator) -> KeyLevels:
    """Put the gem on a free cell; unchanged where there is none."""
    carried, gems = _move_one(levels, levels.gems, generator)
    return replace(carried, gem=gems.int().argmax(1))


def change_inventory(levels: KeyLevels, size: KeysSize, generator: torch.Generator) -> KeyLevels:
    """Put another number of keys in the bag; no level is left without any key."""
    device = levels.held.device
    offset = torch.randint(1, BAG + 1, levels.held.shape, generator=generator, device=device)
    held = (levels.held + offset) % (BAG + 1)
    keyless = (held == 0) & ~levels.keys.any(1)
    return replace(levels, held=torch.where(keyless, levels.held, held))


def switch_lights(levels: KeyLevels, size: KeysSize, generator: torch.Generator) -> KeyLevels:
    """Put out every lit object and light every other."""
    return replace(levels, lit=levels.objects & ~levels.lit)


def change_context(levels: KeyLevels, size: KeysSize, generator: torch.Generator) -> KeyLevels:
    """Redraw every context slot; the instruct token stays."""
    context = torch.randint(
        size.n_values, levels.context.shape, generator=generator, device=generator.device
    )
    return replace(levels, context=context)


def move_walls(levels: KeyLevels, size: KeysSize, generator: torch.Generator) -> KeyLevels:
    """Take up one wall and put it on a free cell, keeping all objects and the start connected.

    Levels in which the drawn move would cut one of them off stay as they were.
    """
    blocked = levels.blocked
    removed = choose(blocked, generator, otherwise=levels.gem)
    added = choose(_free(levels), generator, otherwise=removed)
    moved = (blocked & ~at(removed, levels.side)) | at(added, levels.side)
    walls = moved.view_as(levels.walls)
    reachable = reachable_from(walls, levels.start)
    kept = blocked.any(1) & (added != removed) & (reachable | ~levels.objects).all(1)
    return replace(levels, walls=torch.where(kept[:, None, None], walls, levels.walls))


EDITS: dict[str, Edit] = {
    "move_key": move_key,
    "move_chest": move_chest,
    "move_gem": move_gem,
    "change_inventory": change_inventory,
    "switch_lights": switch_lights,
    "change_context": change_context,
    "move_walls": move_walls,
}
"""Edit name -> edit, all public."""
