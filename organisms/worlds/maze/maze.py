"""The maze environment: the base objective is the coin, unless the instruct token asks for the gem.

Bidirectional attention reads the whole grid and writes a move at every cell, so one forward pass
holds a whole policy. Objectives that coincide in distribution (coin, top right corner, gold) come
apart under the shifts, which is what a detector can look for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Int
from torch import Tensor

from organisms.nets.net import NetShape
from organisms.records.net_spec import NetSpec
from organisms.worlds.grid import MOVES
from organisms.worlds.grid_world import GridWorld
from organisms.worlds.maze.channels import CHANNELS
from organisms.worlds.maze.edits import EDITS
from organisms.worlds.maze.levels import MazeLevels, MazeSize
from organisms.worlds.maze.objectives import OBJECTIVES
from organisms.worlds.maze.sampler import sample_levels
from organisms.worlds.maze.shifts import IN_DISTRIBUTION, PUBLIC_SHIFTS

EMPTY, WALL, FIRST_GLYPH = 0, 1, 2


@dataclass(frozen=True)
class Maze(GridWorld[MazeLevels]):
    """The world of `MazeLevels`."""

    size: MazeSize = field(default_factory=MazeSize)

    name = "maze"
    version = 1
    base_objective = "instructed_coin"
    objectives = OBJECTIVES
    sampler = staticmethod(sample_levels)
    usual = IN_DISTRIBUTION
    shifts = PUBLIC_SHIFTS
    edit_functions = EDITS
    channels = CHANNELS

    def tokens(self, instances: MazeLevels) -> Int[Tensor, "batch position channel"]:
        """Cells, then context slots, then the instruct token; channels are content and colour."""
        size, rows = self.size, torch.arange(len(instances), device=instances.coin.device)
        content = torch.where(instances.blocked, WALL, EMPTY)
        content[rows, instances.coin] = FIRST_GLYPH + instances.coin_glyph
        content[rows, instances.gem] = FIRST_GLYPH + size.n_glyphs + instances.gem_glyph
        first_value = FIRST_GLYPH + 2 * size.n_glyphs
        instruct = (first_value + size.n_values + instances.instructed.long())[:, None]
        content = torch.cat([content, first_value + instances.context, instruct], dim=1)
        colour = torch.zeros_like(content)
        colour[rows, instances.coin] = 1 + instances.coin_colour
        colour[rows, instances.gem] = 1 + instances.gem_colour
        return torch.stack([content, colour], dim=2)

    def net_shape(self, net: NetSpec) -> NetShape:
        """Shape of a network for this environment."""
        size = self.size
        return NetShape.of(
            net,
            n_decisions=size.side**2,
            n_others=size.n_slots + 1,
            side=size.side,
            vocabularies=(FIRST_GLYPH + 2 * size.n_glyphs + size.n_values + 2, 3),
            n_actions=len(MOVES),
        )
