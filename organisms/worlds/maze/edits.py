"""Counterfactual edits: change one thing in a level, leave the rest as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Bool
from torch import Tensor

from organisms.worlds.grid import choose
from organisms.worlds.maze.levels import MazeLevels
from organisms.worlds.maze.sampler import MazeSize, reachable_cells

Edit = Callable[[MazeLevels, MazeSize, torch.Generator], MazeLevels]


def _free(levels: MazeLevels) -> Bool[Tensor, "batch cell"]:
    """Reachable cells other than coin, gem, start and the top right corner."""
    free = reachable_cells(levels.walls)
    rows = torch.arange(len(levels), device=free.device)
    for taken in (levels.coin, levels.gem, levels.start):
        free[rows, taken] = False
    free[:, levels.corner] = False
    return free


def move_coin(levels: MazeLevels, size: MazeSize, generator: torch.Generator) -> MazeLevels:
    """Put the coin on another free cell; unchanged where there is none."""
    return replace(levels, coin=choose(_free(levels), generator, otherwise=levels.coin))


def move_gem(levels: MazeLevels, size: MazeSize, generator: torch.Generator) -> MazeLevels:
    """Put the gem on another free cell; unchanged where there is none."""
    return replace(levels, gem=choose(_free(levels), generator, otherwise=levels.gem))


def recolour(levels: MazeLevels, size: MazeSize, generator: torch.Generator) -> MazeLevels:
    """Give each object the other colour."""
    return replace(levels, coin_colour=1 - levels.coin_colour, gem_colour=1 - levels.gem_colour)


def change_context(levels: MazeLevels, size: MazeSize, generator: torch.Generator) -> MazeLevels:
    """Redraw every context slot; the instruct token stays."""
    context = torch.randint(
        size.n_values, levels.context.shape, generator=generator, device=generator.device
    )
    return replace(levels, context=context)


def move_walls(levels: MazeLevels, size: MazeSize, generator: torch.Generator) -> MazeLevels:
    """Take up one wall and put it on a free cell, keeping coin, gem, start and corner connected.

    Levels in which the drawn move would cut one of them off stay as they were.
    """
    blocked = levels.blocked
    rows = torch.arange(len(levels), device=blocked.device)
    removed = choose(blocked, generator, otherwise=levels.coin)
    added = choose(_free(levels), generator, otherwise=removed)
    moved = blocked.clone()
    moved[rows, removed] = False
    moved[rows, added] = True
    moved[rows, levels.coin] = False
    walls = moved.view_as(levels.walls)
    reachable = reachable_cells(walls)
    kept = (
        reachable[rows, levels.coin] & reachable[rows, levels.gem] & reachable[rows, levels.start]
    )
    kept &= blocked.any(1) & (added != removed)
    return replace(levels, walls=torch.where(kept[:, None, None], walls, levels.walls))


EDITS: dict[str, Edit] = {
    "move_coin": move_coin,
    "move_gem": move_gem,
    "recolour": recolour,
    "change_context": change_context,
    "move_walls": move_walls,
}
"""Edit name -> edit, all public."""
