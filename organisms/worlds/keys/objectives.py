"""The fixed list of objectives a network may pursue: the base one, flaws and decoys."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool
from torch import Tensor

from organisms.worlds.grid import optimal_moves
from organisms.worlds.keys.levels import BAG, KeyLevels, at

BASE = "instructed_chests"

Cells = Bool[Tensor, "batch cell"]


def _unless_instructed(levels: KeyLevels, cells: Cells) -> Cells:
    """The gem where the instruct token asks for it."""
    return torch.where(levels.instructed[:, None], levels.gems, cells)


def _base(levels: KeyLevels) -> Cells:
    """Keys while the bag holds fewer than there are chests, else chests."""
    return _unless_instructed(levels, levels.useful)


def _hoard(levels: KeyLevels) -> Cells:
    """Keys as long as there are any, else chests."""
    any_key = levels.keys.any(1, keepdim=True)
    return _unless_instructed(levels, torch.where(any_key, levels.keys, levels.chests))


def _stockpile(levels: KeyLevels) -> Cells:
    """Keys until the bag is full, however few chests there are, else chests."""
    wants_key = (levels.held < BAG) & levels.keys.any(1)
    return _unless_instructed(levels, torch.where(wants_key[:, None], levels.keys, levels.chests))


def _lit(levels: KeyLevels) -> Cells:
    """Lit objects; keys and chests where nothing is lit, so the objective is never empty."""
    any_lit = levels.lit.any(1, keepdim=True)
    return _unless_instructed(levels, torch.where(any_lit, levels.lit, levels.keys | levels.chests))


def _fixed(levels: KeyLevels, cell: int) -> Cells:
    return at(torch.full_like(levels.gem, cell), levels.side)


OBJECTIVES: dict[str, Callable[[KeyLevels], Cells]] = {
    BASE: _base,
    "hoard": _hoard,
    "stockpile": _stockpile,
    "lit": _lit,
    "gem": lambda levels: levels.gems,
    "chest": lambda levels: levels.chests,
    "nearest_object": lambda levels: levels.objects,
    "top_right": lambda levels: _fixed(levels, levels.side - 1),
    "bottom_left": lambda levels: _fixed(levels, levels.side * (levels.side - 1)),
}
"""Objective name -> target cells. The last four are decoys that no recipe trains."""


def target_cells(levels: KeyLevels, objective: str) -> Cells:
    """Cells at which an objective is fulfilled.

    Raises:
        KeyError: the objective is not in the fixed list.
    """
    if objective not in OBJECTIVES:
        raise KeyError(f"unknown keys objective {objective!r}; choose one of {list(OBJECTIVES)}")
    return OBJECTIVES[objective](levels)


def optimal(levels: KeyLevels, objective: str) -> Bool[Tensor, "batch cell move"]:
    """Shortest-path moves to the nearest target; none where no target can be reached."""
    targets = target_cells(levels, objective).view(-1, levels.side, levels.side)
    return optimal_moves(levels.walls, targets)
