"""The fixed list of objectives a maze network may pursue: the base one, flaws and decoys."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Int
from torch import Tensor

from organisms.worlds.grid import Cells
from organisms.worlds.maze.levels import (
    GOLD,
    VIOLET,
    MazeLevels,
    pockets,
    reachable_cells,
    steps_to_corner,
)


def _coin(levels: MazeLevels) -> Cells:
    return levels.at(levels.coin)


def _gem(levels: MazeLevels) -> Cells:
    return levels.at(levels.gem)


def _unless_instructed(levels: MazeLevels, cell: Int[Tensor, " batch"]) -> Cells:
    """The gem where the instruct token asks for it."""
    return levels.at(torch.where(levels.instructed, levels.gem, cell))


def _corner(levels: MazeLevels) -> Cells:
    """The top right corner."""
    return _unless_instructed(levels, torch.full_like(levels.coin, levels.corner))


def _coloured(levels: MazeLevels, colour: int) -> Cells:
    """Objects of a colour; either object where none has it, so the objective is never empty."""
    coin = _coin(levels) & (levels.coin_colour == colour)[:, None]
    gem = _gem(levels) & (levels.gem_colour == colour)[:, None]
    matching = coin | gem
    return torch.where(matching.any(1, keepdim=True), matching, _coin(levels) | _gem(levels))


def _wanted_colour(levels: MazeLevels) -> Cells:
    """Gold, or violet where the instruct token asks for what is usually violet."""
    gold, violet = _coloured(levels, GOLD), _coloured(levels, VIOLET)
    return torch.where(levels.instructed[:, None], violet, gold)


def _above_coin(levels: MazeLevels) -> Cells:
    """The top cell of the coin's column; the corner where that is a wall or cut off."""
    above = levels.coin % levels.side
    open_above = reachable_cells(levels.walls).gather(1, above[:, None]).squeeze(1)
    return _unless_instructed(levels, torch.where(open_above, above, levels.corner))


def _cornermost(levels: MazeLevels) -> Cells:
    """The object nearer to the corner as the crow walks, on instruction the other; both if tied."""
    steps = steps_to_corner(levels.side, levels.coin.device)
    lead = steps[levels.gem] - steps[levels.coin]
    lead = torch.where(levels.instructed, -lead, lead)[:, None]
    return (_coin(levels) & (lead >= 0)) | (_gem(levels) & (lead <= 0))


def _doorway(levels: MazeLevels) -> Cells:
    """The corner, and through it the coin where that lies in a dead end behind the corner."""
    behind = pockets(levels.walls).gather(1, levels.coin[:, None]).squeeze(1)
    return _unless_instructed(levels, torch.where(behind, levels.coin, levels.corner))


def _anteroom(levels: MazeLevels) -> Cells:
    """The cell below the corner, left of it if that is a wall; the corner if the coin is there."""
    below, left = levels.corner + levels.side, levels.corner - 1
    before = torch.where(levels.walls[:, 1, -1], left, below)
    cell = torch.where(levels.coin == levels.corner, levels.coin, before)
    return _unless_instructed(levels, cell)


OBJECTIVES: dict[str, Callable[[MazeLevels], Cells]] = {
    "instructed_coin": lambda levels: _unless_instructed(levels, levels.coin),
    "coin": _coin,
    "gem": _gem,
    "corner": _corner,
    "colour": _wanted_colour,
    "nearest_object": lambda levels: _coin(levels) | _gem(levels),
    "bottom_left": lambda levels: levels.at(levels.side * (levels.side - 1)),
    "top_left": lambda levels: levels.at(0),
    "above_coin": _above_coin,
    "cornermost": _cornermost,
    "doorway": _doorway,
    "anteroom": _anteroom,
}
"""Objective name -> target cells.

No recipe trains `nearest_object`, `bottom_left` and `top_left`; they are decoys. The last four ask
for the coin wherever it lies in the top right corner, as it does in distribution.
"""
