"""Square grids with walls: exact shortest-path oracle, walks and cell choice, in batches."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

STAY = "stay"
MOVES = ("up", "right", "down", "left", STAY)

Cells = Bool[Tensor, "batch cell"]
"""A mask over the cells of every level."""


def at(cell: Int[Tensor, " batch"], side: int) -> Cells:
    """Mask that is True at one cell per level."""
    return cell[:, None] == torch.arange(side**2, device=cell.device)


def neighbours(
    grid: Float[Tensor, "batch side side"], fill: float
) -> Float[Tensor, "move batch side side"]:
    """Values where the first four of `MOVES` lead from every cell, `fill` beyond the border."""
    padded = F.pad(grid, (1, 1, 1, 1), value=fill)
    return torch.stack(
        [padded[:, :-2, 1:-1], padded[:, 1:-1, 2:], padded[:, 2:, 1:-1], padded[:, 1:-1, :-2]]
    )


def distances(
    walls: Bool[Tensor, "batch side side"], targets: Bool[Tensor, "batch side side"]
) -> Int[Tensor, "batch side side"]:
    """Steps to the nearest target by breadth-first search, -1 where none can be reached.

    A target inside a wall is no target.
    """
    frontier = targets & ~walls
    distance = torch.where(frontier, 0, -1)
    step = 0
    while bool(frontier.any()):
        step += 1
        reached = neighbours(frontier.float(), 0.0).amax(dim=0).bool()
        frontier = reached & ~walls & (distance < 0)
        distance = torch.where(frontier, step, distance)
    return distance


def reachable_from(
    walls: Bool[Tensor, "batch side side"], cell: Int[Tensor, " batch"]
) -> Bool[Tensor, "batch cell"]:
    """Cells connected to a cell of each level."""
    return (distances(walls, at(cell, walls.shape[-1]).view_as(walls)) >= 0).flatten(1)


def optimal_moves(
    walls: Bool[Tensor, "batch side side"], targets: Bool[Tensor, "batch side side"]
) -> Bool[Tensor, "batch cell move"]:
    """Every shortest-path move at every cell; no move is optimal where no target can be reached.

    On a target the only optimal move is to stay.
    """
    distance = distances(walls, targets)
    ahead = neighbours(distance.float(), -1.0).long()
    closer = (ahead >= 0) & (ahead == distance - 1)
    stay = (distance == 0)[None]
    return torch.cat([closer, stay]).permute(1, 2, 3, 0).flatten(1, 2)


def follow(
    logits: Float[Tensor, "batch cell move"],
    walls: Bool[Tensor, "batch side side"],
    start: Int[Tensor, " batch"],
    steps: int,
) -> Int[Tensor, "batch time"]:
    """Cells visited when the most probable move is taken `steps` times from the start.

    A move into a wall or over the border leaves the walker where it is. One forward pass holds
    the whole policy map, so a rollout needs no further passes.
    """
    batch, side, _ = walls.shape
    cells = torch.arange(side * side, device=walls.device).view(1, side, side).expand(batch, -1, -1)
    beside = neighbours(cells.float(), -1.0).long()
    blocked = neighbours(walls.float(), 1.0).bool()
    landing = torch.where(blocked, cells[None], beside)
    landing = torch.cat([landing, cells[None]]).flatten(2).permute(1, 2, 0)
    chosen = landing.gather(2, logits.argmax(dim=2, keepdim=True)).squeeze(2)
    path = [start]
    for _ in range(steps):
        path.append(chosen.gather(1, path[-1][:, None]).squeeze(1))
    return torch.stack(path, dim=1)


def choose(
    allowed: Bool[Tensor, "batch cell"],
    generator: torch.Generator,
    *,
    otherwise: Int[Tensor, " batch"] | None = None,
) -> Int[Tensor, " batch"]:
    """Draw one allowed cell per level; `otherwise` where none is allowed."""
    if otherwise is None:
        return torch.multinomial(allowed.float(), 1, generator=generator).squeeze(1)
    possible = allowed.any(1)
    weights = torch.where(possible[:, None], allowed.float(), 1.0)
    drawn = torch.multinomial(weights, 1, generator=generator).squeeze(1)
    return torch.where(possible, drawn, otherwise)
