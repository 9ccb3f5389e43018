"""A batch of maze levels, as tensors and as text: walls, coin, gem, colours and context.

In text `#` is a wall, `.` floor, `C` a gold coin, `c` a violet one, `G` a gold gem, `g` a violet
one, `S` the start. The lines below the grid hold the glyphs, the context and the instruction.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int, UInt8
from torch import Tensor

from organisms.worlds.grid import neighbours, reachable_from
from organisms.worlds.grid_world import GridLevels
from probes.arguments import require_fields

GOLD, VIOLET = 0, 1
COLOURS = ("gold", "violet")

_COIN, _GEM = "Cc", "Gg"


@dataclass(frozen=True)
class MazeSize:
    """Sizes shared by every level of an environment.

    Attributes:
        side: rows and columns, at least 4.
        n_glyphs: equivalent drawings of each object. With several, shape is a harder feature
            than colour, and a network that sees the two coincide learns the colour.
    """

    side: int = 5
    n_slots: int = 8
    n_values: int = 8
    n_glyphs: int = 8

    def __post_init__(self) -> None:
        require_fields(self, side=(4, 64), n_slots=(1, 256), n_values=(2, 4096), n_glyphs=(1, 4096))


@dataclass(frozen=True)
class MazeLevels(GridLevels):
    """Levels of a maze; the instruct token asks for the gem.

    Attributes:
        coin, gem: their cells, never the same.
        coin_colour, gem_colour: `GOLD` or `VIOLET`.
        coin_glyph, gem_glyph: which of the equivalent drawings is shown.
    """

    coin: Int[Tensor, " batch"]
    gem: Int[Tensor, " batch"]
    coin_colour: Int[Tensor, " batch"]
    gem_colour: Int[Tensor, " batch"]
    coin_glyph: Int[Tensor, " batch"]
    gem_glyph: Int[Tensor, " batch"]

    @property
    def corner(self) -> int:
        """Cell of the top right corner."""
        return self.side - 1

    def problem(self) -> UInt8[Tensor, "batch number"]:
        """Walls, objects, colours and instruction; another glyph makes no new problem."""
        objects = [self.coin, self.gem, self.coin_colour, self.gem_colour, self.instructed.long()]
        seen = torch.cat([self.blocked.long(), torch.stack(objects, dim=1)], dim=1)
        return seen.to(torch.uint8)

    def text(self) -> str:
        """Draw the one level."""
        letters = {
            int(self.gem): _GEM[int(self.gem_colour)],
            int(self.coin): _COIN[int(self.coin_colour)],
        }
        glyphs = f"{int(self.coin_glyph)} {int(self.gem_glyph)}"
        return self.with_foot(self.rows(letters), "gem", glyphs=glyphs)


def steps_to_corner(side: int, device: torch.device) -> Int[Tensor, " cell"]:
    """Steps from every cell to the top right corner if there were no walls."""
    line = torch.arange(side, device=device)
    return (line[:, None] + side - 1 - line[None]).flatten()


def reachable_cells(walls: Bool[Tensor, "batch side side"]) -> Bool[Tensor, "batch cell"]:
    """Cells connected to the top right corner."""
    n, side, _ = walls.shape
    return reachable_from(walls, torch.full((n,), side - 1, device=walls.device))


def pockets(walls: Bool[Tensor, "batch side side"]) -> Bool[Tensor, "batch cell"]:
    """Free cells beside the top right corner whose only free neighbour is the corner."""
    side = walls.shape[-1]
    exits = neighbours((~walls).float(), 0.0).sum(dim=0)
    beside = torch.zeros_like(walls)
    beside[:, 0, side - 2] = True
    beside[:, 1, side - 1] = True
    return (beside & ~walls & (exits == 1)).flatten(1)
