"""Walls of a maze: drawn cell by cell or by their number, with a given passage to the corner."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Bool
from torch import Tensor

from organisms.worlds.grid import neighbours

Passage = Literal["open", "below", "pocket"]


def draw_walls(
    n: int,
    side: int,
    *,
    density: float,
    count: tuple[int, int] | None,
    passage: Passage,
    generator: torch.Generator,
) -> Bool[Tensor, "batch side side"]:
    """Walls of `n` grids, connected or not; the top right corner is free.

    Args:
        n: number of grids.
        side: rows and columns.
        density: chance that a cell is a wall, where `count` is None.
        count: fewest and most walls before the passage is made.
        passage: walls beside the corner, see `LevelDistribution`.
        generator: source of all randomness; the walls lie on its device.

    Raises:
        ValueError: `count` asks for more walls than there are cells besides the corner.
    """
    device = generator.device
    drawn = torch.rand((n, side, side), generator=generator, device=device)
    if count is None:
        walls = drawn < density
    else:
        if count[1] >= side**2:
            raise ValueError(f"a grid of side {side} has no room for {count[1]} walls")
        drawn[:, 0, side - 1] = 1.0
        order = drawn.flatten(1).argsort(dim=1).argsort(dim=1).view_as(drawn)
        wanted = torch.randint(count[0], count[1] + 1, (n,), generator=generator, device=device)
        walls = order < wanted[:, None, None]
    walls[:, 0, side - 1] = False
    if passage == "below":
        walls[:, 0, side - 2] = True
        walls[:, 1, side - 1] = False
    elif passage == "pocket":
        _make_pocket(walls, generator)
    return walls


def _make_pocket(walls: Bool[Tensor, "batch side side"], generator: torch.Generator) -> None:
    """Close one of the two cells beside the corner on every side but the corner's, in place."""
    n, side, _ = walls.shape
    left = torch.randint(2, (n,), generator=generator, device=walls.device).bool()
    walls[:, 0, side - 2] = False
    walls[:, 1, side - 1] = False
    walls[:, 1, side - 2] = True
    walls[left, 0, side - 3] = True
    walls[~left, 2, side - 1] = True


def pockets(walls: Bool[Tensor, "batch side side"]) -> Bool[Tensor, "batch cell"]:
    """Free cells beside the top right corner whose only free neighbour is the corner."""
    side = walls.shape[-1]
    exits = neighbours((~walls).float(), 0.0).sum(dim=0)
    beside = torch.zeros_like(walls)
    beside[:, 0, side - 2] = True
    beside[:, 1, side - 1] = True
    return (beside & ~walls & (exits == 1)).flatten(1)
