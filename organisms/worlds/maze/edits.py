"""Counterfactual edits: change one thing in a level, leave the rest as it was."""

from __future__ import annotations

from dataclasses import replace

import torch

from organisms.worlds.batch import change_context
from organisms.worlds.grid import Cells, choose
from organisms.worlds.grid_world import wall_moved
from organisms.worlds.maze.levels import MazeLevels, MazeSize, reachable_cells
from organisms.worlds.world import Edit


def _taken(levels: MazeLevels) -> Cells:
    """Coin, gem, start and the top right corner."""
    taken = (levels.coin, levels.gem, levels.start, levels.corner)
    return torch.stack([levels.at(cell) for cell in taken]).any(0)


def _free(levels: MazeLevels) -> Cells:
    """Reachable cells that are not taken."""
    return reachable_cells(levels.walls) & ~_taken(levels)


def move_coin(levels: MazeLevels, size: MazeSize, generator: torch.Generator) -> MazeLevels:
    """Put the coin on another free cell; unchanged where there is none."""
    return replace(levels, coin=choose(_free(levels), generator, otherwise=levels.coin))


def move_gem(levels: MazeLevels, size: MazeSize, generator: torch.Generator) -> MazeLevels:
    """Put the gem on another free cell; unchanged where there is none."""
    return replace(levels, gem=choose(_free(levels), generator, otherwise=levels.gem))


def recolour(levels: MazeLevels, size: MazeSize, generator: torch.Generator) -> MazeLevels:
    """Give each object the other colour."""
    return replace(levels, coin_colour=1 - levels.coin_colour, gem_colour=1 - levels.gem_colour)


def move_walls(levels: MazeLevels, size: MazeSize, generator: torch.Generator) -> MazeLevels:
    """Take up one wall and put it on a free cell, keeping coin, gem, start and corner connected."""
    return wall_moved(levels, _free(levels), _taken(levels), generator)


EDITS: dict[str, Edit[MazeLevels]] = {
    "move_coin": move_coin,
    "move_gem": move_gem,
    "recolour": recolour,
    "change_context": change_context,
    "move_walls": move_walls,
}
"""Edit name -> edit, all public."""
