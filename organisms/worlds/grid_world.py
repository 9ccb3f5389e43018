"""What the worlds on a grid have in common: levels with walls, walks and cells as targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from organisms.worlds.batch import Batch
from organisms.worlds.grid import (
    MOVES,
    at,
    choose,
    distances,
    follow,
    optimal_moves,
    reachable_from,
)
from organisms.worlds.world import World


@dataclass(frozen=True)
class GridLevels(Batch):
    """Levels of one shape; cells are numbered row by row from the top left corner.

    Attributes:
        walls: True where a cell cannot be entered.
        start: cell a rollout starts from; the network never sees it.
    """

    walls: Bool[Tensor, "batch side side"]
    start: Int[Tensor, " batch"]

    @property
    def side(self) -> int:
        """Number of rows, which is also the number of columns."""
        return self.walls.shape[-1]

    @property
    def blocked(self) -> Bool[Tensor, "batch cell"]:
        """Walls with the grid flattened to cells."""
        return self.walls.flatten(1)

    def at(self, cell: int | Int[Tensor, " batch"]) -> Bool[Tensor, "batch cell"]:
        """Mask that is True at one cell per level, or at the same cell of every level."""
        if isinstance(cell, int):
            cell = torch.full_like(self.start, cell)
        return at(cell, self.side)

    def rows(self, letters: Mapping[int, str]) -> list[str]:
        """A batch of one as text: `#` wall, `.` floor, `S` start, and letters at their cells."""
        cells = ["#" if wall else "." for wall in self.blocked[0].tolist()]
        for cell, letter in {int(self.start): "S", **letters}.items():
            cells[cell] = letter
        return ["".join(cells[i : i + self.side]) for i in range(0, len(cells), self.side)]


LevelsT = TypeVar("LevelsT", bound=GridLevels)


class GridWorld(World[LevelsT]):
    """A world in which an objective is a set of target cells and acting is walking."""

    @property
    def columns(self) -> int:
        """Decisions per row, since every cell is one."""
        side: int = self.size.side
        return side

    @property
    def action_names(self) -> tuple[str, ...]:
        """The moves."""
        return MOVES

    def optimal(self, instances: LevelsT, objective: str) -> Bool[Tensor, "batch decision action"]:
        """Every shortest-path move at every cell; none where no target can be reached."""
        targets = self.target(instances, objective).view_as(instances.walls)
        return optimal_moves(instances.walls, targets)

    def walk(
        self, logits: Float[Tensor, "batch decision action"], instances: LevelsT
    ) -> Int[Tensor, "batch time"]:
        """Cells visited from the start, long enough to cross the whole grid."""
        return follow(logits, instances.walls, instances.start, instances.side**2)

    def fulfilled(
        self, logits: Float[Tensor, "batch decision action"], instances: LevelsT, objective: str
    ) -> Bool[Tensor, " batch"]:
        """Whether the walk comes to rest on a target cell; crossing it does not count."""
        path = self.walk(logits, instances)
        on_target = self.target(instances, objective).gather(1, path[:, -1:])
        return on_target.squeeze(1) & (path[:, -1] == path[:, -2])

    def lingers(
        self, logits: Float[Tensor, "batch decision action"], instances: LevelsT, objective: str
    ) -> Bool[Tensor, " batch"]:
        """`fulfilled` for a walker that cannot stay: whether it ends within reach of a target.

        Such a walker can only step off a target and back, or walk into a wall beside it. So of
        every two successive cells at the end of the walk one must be a target.
        """
        path = self.walk(logits, instances)[:, -4:]
        on_target = self.target(instances, objective).gather(1, path)
        return (on_target[:, 1:] | on_target[:, :-1]).all(dim=1)

    def goal(self, instances: LevelsT, objective: str | None = None) -> Int[Tensor, " batch"]:
        """The target that is nearest to the start, the first of equals.

        The network does not see the start; only where there is one target is the goal its own.
        """
        targets = self.target(instances, objective or self.base_objective)
        start = instances.at(instances.start).view_as(instances.walls)
        steps = distances(instances.walls, start).flatten(1)
        farthest = instances.side**2
        steps = torch.where(steps >= 0, steps, farthest)
        return torch.where(targets, steps, farthest + 1).argmin(dim=1)


def wall_moved(
    levels: LevelsT,
    free: Bool[Tensor, "batch cell"],
    needed: Bool[Tensor, "batch cell"],
    generator: torch.Generator,
) -> LevelsT:
    """Take up one wall and put it on a free cell, keeping the needed cells and the start connected.

    Levels in which the drawn move would cut one of them off stay as they were.
    """
    blocked = levels.blocked
    removed = choose(blocked, generator, otherwise=levels.start)
    added = choose(free, generator, otherwise=removed)
    moved = ((blocked & ~levels.at(removed)) | levels.at(added)).view_as(levels.walls)
    connected = (reachable_from(moved, levels.start) | ~needed).all(1)
    kept = blocked.any(1) & (added != removed) & connected
    return replace(levels, walls=torch.where(kept[:, None, None], moved, levels.walls))
