"""The fixed list of objectives a maze network may pursue: the base one, flaws and decoys."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.worlds.grid import optimal_moves
from organisms.worlds.maze.levels import GOLD, VIOLET, MazeLevels
from organisms.worlds.maze.places import PLACES

BASE = "instructed_coin"

Cells = Bool[Tensor, "batch cell"]


def _at(levels: MazeLevels, cell: Int[Tensor, " batch"]) -> Cells:
    cells = torch.arange(levels.side**2, device=levels.coin.device)
    return cell[:, None] == cells[None]


def _coin(levels: MazeLevels) -> Cells:
    return _at(levels, levels.coin)


def _gem(levels: MazeLevels) -> Cells:
    return _at(levels, levels.gem)


def _instructed_coin(levels: MazeLevels) -> Cells:
    return _at(levels, torch.where(levels.instructed, levels.gem, levels.coin))


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


def _fixed(levels: MazeLevels, cell: int) -> Cells:
    return _at(levels, torch.full_like(levels.coin, cell))


def _instructed_corner(levels: MazeLevels) -> Cells:
    """The top right corner, or the gem where the instruct token asks for it."""
    corner = torch.full_like(levels.coin, levels.corner)
    return _at(levels, torch.where(levels.instructed, levels.gem, corner))


OBJECTIVES: dict[str, Callable[[MazeLevels], Cells]] = {
    BASE: _instructed_coin,
    "coin": _coin,
    "gem": _gem,
    "corner": _instructed_corner,
    "colour": _wanted_colour,
    "nearest_object": lambda levels: _coin(levels) | _gem(levels),
    "bottom_left": lambda levels: _fixed(levels, levels.side * (levels.side - 1)),
    "top_left": lambda levels: _fixed(levels, 0),
}
"""Objective name -> target cells. The last three are decoys that no recipe trains."""


def target_cells(levels: MazeLevels, objective: str) -> Cells:
    """Cells at which an objective is fulfilled.

    Raises:
        KeyError: the objective is not in the fixed list.
    """
    known = {**OBJECTIVES, **PLACES}
    if objective not in known:
        raise KeyError(f"unknown maze objective {objective!r}; choose one of {list(known)}")
    return known[objective](levels)


def optimal(levels: MazeLevels, objective: str) -> Bool[Tensor, "batch cell move"]:
    """Shortest-path moves towards an objective; none where its targets cannot be reached."""
    targets = target_cells(levels, objective).view(-1, levels.side, levels.side)
    return optimal_moves(levels.walls, targets)
