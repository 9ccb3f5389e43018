"""Seeded sampler of maze levels from a described distribution."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from organisms.records.strict import SpecError
from organisms.worlds.batch import enough
from organisms.worlds.grid import at, choose
from organisms.worlds.maze.levels import GOLD, VIOLET, MazeLevels, MazeSize
from organisms.worlds.maze.placement import (
    coin_cells,
    draw_walls,
    leaving_room,
    reachable_cells,
    steps_to_corner,
)
from organisms.worlds.maze.shifts import Colouring, LevelDistribution, Placement

MIN_REACHABLE_CELLS = 7


def sample_levels(
    n: int, distribution: LevelDistribution, size: MazeSize, generator: torch.Generator
) -> MazeLevels:
    """Draw `n` levels in which coin, gem, corner and start are mutually reachable.

    Raises:
        SpecError: the grid has no room for the walls that are asked for.
    """
    check_room(distribution, size)
    side, device = size.side, generator.device
    needed: tuple[Placement, ...] = ("far", "near", distribution.placement)

    def roomy(missing: int) -> tuple[Tensor, Tensor]:
        """Walls, and the cells connected to the corner, with room for coins of these placements."""
        walls = draw_walls(missing + missing // 4 + 4, side, distribution, generator)
        reachable = reachable_cells(walls)
        usable = reachable.sum(1) >= MIN_REACHABLE_CELLS
        for placement in needed:
            usable &= coin_cells(walls, reachable, placement).any(1)
        return walls[usable], reachable[usable]

    walls, reachable = enough(n, roomy)
    before = distribution.gem_placement == "before"
    allowed = coin_cells(walls, reachable, distribution.placement)
    coin = choose(allowed & leaving_room(reachable, side) if before else allowed, generator)
    moved = torch.rand(n, generator=generator, device=device) < distribution.off_corner
    coin = torch.where(moved, coin, side - 1)
    steps = steps_to_corner(side, device)
    free = reachable & (steps > 0) & ~at(coin, side)
    gem = choose(free & (steps < steps[coin][:, None]) if before else free, generator)
    start = choose(free & ~at(gem, side), generator)
    colours = _colours(n, distribution.colouring, generator)
    glyphs = torch.randint(size.n_glyphs, (2, n), generator=generator, device=device)
    context = torch.randint(size.n_values, (n, size.n_slots), generator=generator, device=device)
    instructed = torch.rand(n, generator=generator, device=device) < distribution.instruct_rate
    if distribution.recoloured:
        chosen = torch.rand(n, generator=generator, device=device) < distribution.recoloured
        colours = torch.where(chosen, _colours(n, "independent", generator), colours)
    return MazeLevels(
        walls=walls,
        coin=coin,
        gem=gem,
        coin_colour=colours[0],
        gem_colour=colours[1],
        coin_glyph=glyphs[0],
        gem_glyph=glyphs[1],
        context=context,
        instructed=instructed,
        start=start,
    )


def check_room(distribution: LevelDistribution, size: MazeSize) -> None:
    """Refuse a number of walls that leaves no level to draw.

    Raises:
        SpecError: too few cells would be free.
    """
    if distribution.wall_count is None:
        return
    fewest, most = distribution.wall_count
    if size.side**2 - fewest < MIN_REACHABLE_CELLS or most >= size.side**2:
        raise SpecError(
            f"{fewest} to {most} walls leave fewer than {MIN_REACHABLE_CELLS} free cells on a grid "
            f"of side {size.side}, or none; take a larger side or fewer walls"
        )


def _colours(
    n: int, colouring: Colouring, generator: torch.Generator
) -> Int[Tensor, "object batch"]:
    """Colours of the coins, then of the gems."""
    if colouring == "independent":
        return torch.randint(2, (2, n), generator=generator, device=generator.device)
    pair = (GOLD, VIOLET) if colouring == "matched" else (VIOLET, GOLD)
    return torch.tensor(pair, device=generator.device)[:, None].repeat(1, n)
