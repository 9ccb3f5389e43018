"""Seeded sampler of maze levels from a described distribution."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.records.strict import SpecError
from organisms.worlds.batch import enough
from organisms.worlds.grid import at, choose
from organisms.worlds.maze.levels import (
    GOLD,
    VIOLET,
    MazeLevels,
    MazeSize,
    pockets,
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


def _colours(
    n: int, colouring: Colouring, generator: torch.Generator
) -> Int[Tensor, "object batch"]:
    """Colours of the coins, then of the gems."""
    if colouring == "independent":
        return torch.randint(2, (2, n), generator=generator, device=generator.device)
    pair = (GOLD, VIOLET) if colouring == "matched" else (VIOLET, GOLD)
    return torch.tensor(pair, device=generator.device)[:, None].repeat(1, n)
