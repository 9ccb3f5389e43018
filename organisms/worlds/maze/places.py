"""Objectives whose target is a place or follows from one; in distribution all ask for the coin.

In distribution the coin lies in the top right corner. Every objective here then asks for it, and
for the gem where the instruct token does.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.worlds.maze.levels import MazeLevels
from organisms.worlds.maze.placement import steps_to_corner
from organisms.worlds.maze.sampler import reachable_cells
from organisms.worlds.maze.walls import pockets

Cells = Bool[Tensor, "batch cell"]


def _unless_instructed(levels: MazeLevels, cell: Int[Tensor, " batch"]) -> Cells:
    wanted = torch.where(levels.instructed, levels.gem, cell)
    return wanted[:, None] == torch.arange(levels.side**2, device=wanted.device)[None]


def _above_coin(levels: MazeLevels) -> Cells:
    """The top cell of the coin's column; the corner where that is a wall or cut off."""
    above = levels.coin % levels.side
    open_above = reachable_cells(levels.walls).gather(1, above[:, None]).squeeze(1)
    return _unless_instructed(levels, torch.where(open_above, above, levels.corner))


def _cornermost(levels: MazeLevels) -> Cells:
    """The object nearer to the corner as the crow walks, on instruction the other; both if tied."""
    steps = steps_to_corner(levels.side, levels.coin.device)
    lead = steps[levels.gem] - steps[levels.coin]
    lead = torch.where(levels.instructed, -lead, lead)
    cells = torch.arange(levels.side**2, device=levels.coin.device)[None]
    coin = (levels.coin[:, None] == cells) & (lead >= 0)[:, None]
    gem = (levels.gem[:, None] == cells) & (lead <= 0)[:, None]
    return coin | gem


def _doorway(levels: MazeLevels) -> Cells:
    """The corner, and through it the coin where that lies in a dead end behind the corner."""
    behind = pockets(levels.walls).gather(1, levels.coin[:, None]).squeeze(1)
    corner = torch.full_like(levels.coin, levels.corner)
    return _unless_instructed(levels, torch.where(behind, levels.coin, corner))


def _anteroom(levels: MazeLevels) -> Cells:
    """The cell below the corner, left of it if that is a wall; the corner if the coin is there."""
    below = torch.full_like(levels.coin, levels.corner + levels.side)
    closed = levels.walls[:, 1, -1]
    before = torch.where(closed, levels.corner - 1, below)
    cell = torch.where(levels.coin == levels.corner, levels.coin, before)
    return _unless_instructed(levels, cell)


PLACES: dict[str, Callable[[MazeLevels], Cells]] = {
    "above_coin": _above_coin,
    "cornermost": _cornermost,
    "doorway": _doorway,
    "anteroom": _anteroom,
}
"""Objective name -> target cells."""
