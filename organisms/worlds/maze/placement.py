"""Where walls, coin and gem may lie, by their place relative to the top right corner."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.worlds.grid import neighbours, reachable_from
from organisms.worlds.maze.shifts import LevelDistribution, Placement


def draw_walls(
    n: int, side: int, distribution: LevelDistribution, generator: torch.Generator
) -> Bool[Tensor, "batch side side"]:
    """Walls of `n` grids, connected or not; the top right corner is free."""
    device, count = generator.device, distribution.wall_count
    drawn = torch.rand((n, side, side), generator=generator, device=device)
    if count is None:
        walls = drawn < distribution.wall_density
    else:
        drawn[:, 0, side - 1] = 1.0
        order = drawn.flatten(1).argsort(dim=1).argsort(dim=1).view_as(drawn)
        wanted = torch.randint(count[0], count[1] + 1, (n,), generator=generator, device=device)
        walls = order < wanted[:, None, None]
    walls[:, 0, side - 1] = False
    if distribution.passage == "below":
        walls[:, 0, side - 2] = True
        walls[:, 1, side - 1] = False
    elif distribution.passage == "pocket":
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


def reachable_cells(walls: Bool[Tensor, "batch side side"]) -> Bool[Tensor, "batch cell"]:
    """Cells connected to the top right corner."""
    n, side, _ = walls.shape
    return reachable_from(walls, torch.full((n,), side - 1, device=walls.device))


def steps_to_corner(side: int, device: torch.device) -> Int[Tensor, " cell"]:
    """Steps from every cell to the top right corner if there were no walls."""
    line = torch.arange(side, device=device)
    return (line[:, None] + side - 1 - line[None]).flatten()


def coin_cells(
    walls: Bool[Tensor, "batch side side"],
    reachable: Bool[Tensor, "batch cell"],
    placement: Placement,
) -> Bool[Tensor, "batch cell"]:
    """Cells in which a coin of this placement may lie."""
    side = walls.shape[-1]
    if placement == "pocket":
        return pockets(walls) & reachable
    if placement == "below_top":
        top = reachable[:, None, :side].expand(-1, side, -1).clone()
        top[:, :2] = False
        return reachable & top.flatten(1)
    to_corner = steps_to_corner(side, walls.device)
    allowed = {
        "corner": to_corner == 0,
        "anywhere": to_corner >= 0,
        "far": to_corner >= side - 1,
        "near": (to_corner > 0) & (to_corner < side - 1),
    }[placement]
    return reachable & allowed


def leaving_room(reachable: Bool[Tensor, "batch cell"], side: int) -> Bool[Tensor, "batch cell"]:
    """Cells of a coin that leave a cell for a gem nearer to the corner."""
    to_corner = steps_to_corner(side, reachable.device).expand_as(reachable)
    outside = reachable & (to_corner > 0)
    return to_corner > torch.where(outside, to_corner, side**2).amin(1, keepdim=True)
