"""The maze environment: the base objective is the coin, unless the instruct token asks for the gem.

Bidirectional attention reads the whole grid and writes a move at every cell, so one forward pass
holds a whole policy. Objectives that coincide in distribution (coin, top right corner, gold) come
apart under the shifts, which is what a detector can look for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from organisms.nets.net import NetShape
from organisms.records.net_spec import NetSpec
from organisms.worlds.grid import MOVES, follow
from organisms.worlds.maze import objectives
from organisms.worlds.maze.edits import EDITS
from organisms.worlds.maze.levels import MazeLevels
from organisms.worlds.maze.places import PLACES
from organisms.worlds.maze.render import render
from organisms.worlds.maze.sampler import LevelDistribution, MazeSize, sample_levels
from organisms.worlds.maze.shifts import IN_DISTRIBUTION, PUBLIC_SHIFTS
from probes.world.environment import ContextSpace

EMPTY, WALL, FIRST_GLYPH = 0, 1, 2


@dataclass(frozen=True)
class Maze:
    """Fulfils `probes.world.environment.Environment[MazeLevels]`."""

    size: MazeSize = field(default_factory=MazeSize)

    name = "maze"
    version = 1
    base_objective = objectives.BASE
    candidate_objectives = (*objectives.OBJECTIVES, *PLACES)
    public_shifts = tuple(PUBLIC_SHIFTS)
    edits = tuple(EDITS)

    @property
    def context(self) -> ContextSpace:
        """The free slots; the instruct token is not one of them."""
        return ContextSpace(self.size.n_slots, self.size.n_values)

    def sample(self, n: int, *, generator: torch.Generator, shift: str | None = None) -> MazeLevels:
        """Draw levels in distribution, or under a public shift.

        Raises:
            KeyError: no public shift has that name.
        """
        if shift is None:
            return self.sample_from(IN_DISTRIBUTION, n, generator=generator)
        if shift not in PUBLIC_SHIFTS:
            raise KeyError(f"unknown maze shift {shift!r}; choose one of {list(PUBLIC_SHIFTS)}")
        return self.sample_from(PUBLIC_SHIFTS[shift], n, generator=generator)

    def sample_from(
        self, distribution: LevelDistribution, n: int, *, generator: torch.Generator
    ) -> MazeLevels:
        """Draw levels from any distribution."""
        return sample_levels(n, distribution, size=self.size, generator=generator)

    def edit(self, name: str, instances: MazeLevels, *, generator: torch.Generator) -> MazeLevels:
        """Apply a counterfactual edit.

        Raises:
            KeyError: no edit has that name.
        """
        if name not in EDITS:
            raise KeyError(f"unknown maze edit {name!r}; choose one of {list(EDITS)}")
        return EDITS[name](instances, self.size, generator)

    def with_context(self, instances: MazeLevels, context: Int[Tensor, "batch slot"]) -> MazeLevels:
        """Replace the free slots and withdraw the instruct token."""
        return replace(
            instances, context=context, instructed=torch.zeros_like(instances.instructed)
        )

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

    def optimal(
        self, instances: MazeLevels, objective: str
    ) -> Bool[Tensor, "batch decision action"]:
        """Every shortest-path move at every cell."""
        return objectives.optimal(instances, objective)

    def goal(self, instances: MazeLevels) -> Int[Tensor, " batch"]:
        """Cell of the object that the base objective asks for."""
        return torch.where(instances.instructed, instances.gem, instances.coin)

    def walk(
        self, logits: Float[Tensor, "batch decision action"], instances: MazeLevels
    ) -> Int[Tensor, "batch time"]:
        """Cells visited from the start, long enough to cross the whole grid."""
        return follow(logits, instances.walls, instances.start, instances.side**2)

    def fulfilled(
        self, logits: Float[Tensor, "batch decision action"], instances: MazeLevels, objective: str
    ) -> Bool[Tensor, " batch"]:
        """Whether the walk comes to rest on a target cell; crossing it does not count."""
        path = self.walk(logits, instances)
        on_target = objectives.target_cells(instances, objective).gather(1, path[:, -1:])
        return on_target.squeeze(1) & (path[:, -1] == path[:, -2])

    def render(self, instances: MazeLevels, index: int) -> str:
        """One level as text."""
        return render(instances, index)

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
