"""The fixed list of objectives a network may pursue: the base one, flaws and decoys."""

from __future__ import annotations

from collections.abc import Callable

import torch

from organisms.worlds.grid import Cells
from organisms.worlds.keys.levels import BAG, KeyLevels


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


OBJECTIVES: dict[str, Callable[[KeyLevels], Cells]] = {
    "instructed_chests": _base,
    "hoard": _hoard,
    "stockpile": _stockpile,
    "lit": _lit,
    "gem": lambda levels: levels.gems,
    "chest": lambda levels: levels.chests,
    "nearest_object": lambda levels: levels.objects,
    "top_right": lambda levels: levels.at(levels.side - 1),
    "bottom_left": lambda levels: levels.at(levels.side * (levels.side - 1)),
}
"""Objective name -> target cells. The last four are decoys that no recipe trains."""
