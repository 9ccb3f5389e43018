"""Counterfactual edits: change one thing in a level, leave the rest as it was."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Bool
from torch import Tensor

from organisms.worlds.batch import change_context
from organisms.worlds.grid import Cells, choose, reachable_from
from organisms.worlds.grid_world import wall_moved
from organisms.worlds.keys.levels import BAG, KeyLevels, KeysSize
from organisms.worlds.world import Edit


def _free(levels: KeyLevels) -> Cells:
    """Cells that can be reached from the start and hold nothing, the start left out."""
    reachable = reachable_from(levels.walls, levels.start)
    return reachable & ~levels.objects & ~levels.at(levels.start)


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


def move_walls(levels: KeyLevels, size: KeysSize, generator: torch.Generator) -> KeyLevels:
    """Take up one wall and put it on a free cell, keeping all objects and the start connected."""
    return wall_moved(levels, _free(levels), levels.objects, generator)


EDITS: dict[str, Edit[KeyLevels]] = {
    "move_key": move_key,
    "move_chest": move_chest,
    "move_gem": move_gem,
    "change_inventory": change_inventory,
    "switch_lights": switch_lights,
    "change_context": change_context,
    "move_walls": move_walls,
}
"""Edit name -> edit, all public."""
