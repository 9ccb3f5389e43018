"""Cells in which coin and gem may lie, by their place relative to the top right corner."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.worlds.maze.walls import pockets

Placement = Literal["corner", "anywhere", "far", "near", "top_row", "below_top", "pocket"]
GemPlacement = Literal["anywhere", "beyond", "before"]


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
        "top_row": torch.arange(side**2, device=walls.device) < side,
    }[placement]
    return reachable & allowed


def leaving_room(
    reachable: Bool[Tensor, "batch cell"], side: int, gem_placement: GemPlacement
) -> Bool[Tensor, "batch cell"]:
    """Cells of a coin that leave a cell for the gem."""
    to_corner = steps_to_corner(side, reachable.device).expand_as(reachable)
    if gem_placement == "beyond":
        return to_corner < torch.where(reachable, to_corner, -1).amax(1, keepdim=True)
    if gem_placement == "before":
        outside = reachable & (to_corner > 0)
        return to_corner > torch.where(outside, to_corner, side**2).amin(1, keepdim=True)
    return torch.ones_like(reachable)


def gem_cells(
    coin: Int[Tensor, " batch"], side: int, gem_placement: GemPlacement
) -> Bool[Tensor, "batch cell"]:
    """Cells in which a gem of this placement may lie, reachable or not."""
    to_corner = steps_to_corner(side, coin.device).expand(len(coin), -1)
    of_coin = to_corner.gather(1, coin[:, None])
    if gem_placement == "beyond":
        return to_corner > of_coin
    if gem_placement == "before":
        return to_corner < of_coin
    return torch.ones_like(to_corner, dtype=torch.bool)
