"""Seeded sampler of maze levels from a described distribution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.records.strict import SpecError
from organisms.worlds.grid import choose, distances
from organisms.worlds.maze.levels import GOLD, VIOLET, MazeLevels
from organisms.worlds.maze.placement import (
    GemPlacement,
    Placement,
    coin_cells,
    gem_cells,
    leaving_room,
)
from organisms.worlds.maze.walls import Passage, draw_walls

Colouring = Literal["matched", "independent", "swapped", "both_violet"]

MIN_REACHABLE_CELLS = 7


@dataclass(frozen=True)
class MazeSize:
    """Sizes shared by every level of an environment.

    Attributes:
        side: rows and columns, at least 4.
        n_slots: context slots.
        n_values: values a context slot can take.
        n_glyphs: equivalent drawings of each object. With several, shape is a harder feature
            than colour, and a network that sees the two coincide learns the colour.
    """

    side: int = 5
    n_slots: int = 8
    n_values: int = 8
    n_glyphs: int = 8

    def __post_init__(self) -> None:
        smallest = {"side": 4, "n_slots": 1, "n_values": 2, "n_glyphs": 1}
        for name, low in smallest.items():
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be at least {low}, got {getattr(self, name)}")


@dataclass(frozen=True)
class LevelDistribution:
    """What levels look like.

    Attributes:
        placement: where the coin lies: in the top right corner, anywhere, or (steps from that
            corner) at least or less than `side - 1` away, never in it; on the top row; at least
            two rows below a top cell that can be reached; in a dead end behind the corner.
        off_corner: share of levels in which the placement applies; the rest have the coin in
            the corner.
        colouring: coin gold and gem violet (`matched`), independent, the reverse (`swapped`), or
            both violet.
        wall_density: chance that a cell is a wall, in [0, 0.5].
        instruct_rate: chance of the instruct token, in [0, 1].
        gem_placement: anywhere, or farther from (`beyond`) or nearer to (`before`) the corner
            than the coin, as the crow walks.
        recoloured: share of levels whose colours are independent whatever the colouring.
        wall_count: fewest and most walls of a level, all counts alike before levels without room
            are left out; None where every cell is a wall by chance.
        passage: walls beside the corner: as they come; its left side closed and the cell below
            free (`below`); or one side free and the other a dead end (`pocket`).
    """

    placement: Placement = "corner"
    off_corner: float = 1.0
    colouring: Colouring = "matched"
    wall_density: float = 0.25
    instruct_rate: float = 0.2
    gem_placement: GemPlacement = "anywhere"
    recoloured: float = 0.0
    wall_count: tuple[int, int] | None = None
    passage: Passage = "open"

    def __post_init__(self) -> None:
        for name, low, high in (
            ("off_corner", 0, 1),
            ("wall_density", 0, 0.5),
            ("instruct_rate", 0, 1),
            ("recoloured", 0, 1),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} must lie in [{low}, {high}], got {value}")
        for name, kind in (("placement", Placement), ("gem_placement", GemPlacement)):
            if getattr(self, name) not in get_args(kind):
                raise ValueError(f"{name} is one of {get_args(kind)}, got {getattr(self, name)!r}")
        if (self.placement == "pocket") and self.passage != "pocket":
            raise ValueError(f"a coin in a pocket needs passage 'pocket', got {self.passage!r}")
        if self.gem_placement == "before" and self.placement not in ("far", "anywhere"):
            raise ValueError(
                f"a gem nearer to the corner needs a coin 'far' or 'anywhere', got a coin in "
                f"{self.placement!r}"
            )
        if self.wall_count is not None and not 0 <= self.wall_count[0] <= self.wall_count[1]:
            raise ValueError(f"wall_count is (fewest, most) from 0 up, got {self.wall_count}")


def sample_levels(
    n: int,
    distribution: LevelDistribution,
    *,
    size: MazeSize,
    generator: torch.Generator,
) -> MazeLevels:
    """Draw `n` levels in which coin, gem, corner and start are mutually reachable.

    Args:
        n: number of levels, at least 1.
        distribution: what the levels look like.
        size: grid, context and glyph counts.
        generator: source of all randomness; the levels lie on its device.

    Raises:
        ValueError: `n` is below 1.
        SpecError: the grid has no room for the walls that are asked for.
    """
    if n < 1:
        raise ValueError(f"need at least one level, got n={n}")
    check_room(distribution, size)
    side, device = size.side, generator.device
    walls, reachable = _connected_walls(n, side, distribution, generator)
    corner = torch.full((n,), side - 1, device=device)
    allowed = coin_cells(walls, reachable, distribution.placement)
    allowed &= leaving_room(reachable, side, distribution.gem_placement)
    coin = choose(allowed, generator)
    kept = torch.rand(n, generator=generator, device=device) < distribution.off_corner
    coin = torch.where(kept, coin, corner)
    free = reachable & ~_mask(corner, side) & ~_mask(coin, side)
    gem = choose(free & gem_cells(coin, side, distribution.gem_placement), generator)
    start = choose(free & ~_mask(gem, side), generator)
    coin_colour, gem_colour = _colours(n, distribution.colouring, generator)
    glyphs = torch.randint(size.n_glyphs, (2, n), generator=generator, device=device)
    levels = MazeLevels(
        walls=walls,
        coin=coin,
        gem=gem,
        coin_colour=coin_colour,
        gem_colour=gem_colour,
        coin_glyph=glyphs[0],
        gem_glyph=glyphs[1],
        context=torch.randint(size.n_values, (n, size.n_slots), generator=generator, device=device),
        instructed=torch.rand(n, generator=generator, device=device) < distribution.instruct_rate,
        start=start,
    )
    return _recoloured(levels, distribution.recoloured, generator)


def check_room(distribution: LevelDistribution, size: MazeSize) -> None:
    """Refuse a number of walls that leaves no level to draw.

    Raises:
        SpecError: too few cells would be free.
    """
    if distribution.wall_count is None:
        return
    fewest = distribution.wall_count[0]
    if size.side**2 - fewest < MIN_REACHABLE_CELLS:
        raise SpecError(
            f"{fewest} walls leave fewer than {MIN_REACHABLE_CELLS} free cells on a grid of side "
            f"{size.side}; take a larger side or fewer walls"
        )


def reachable_cells(walls: Bool[Tensor, "batch side side"]) -> Bool[Tensor, "batch cell"]:
    """Cells connected to the top right corner."""
    side = walls.shape[-1]
    corner = torch.zeros_like(walls)
    corner[:, 0, side - 1] = True
    return (distances(walls, corner) >= 0).flatten(1)


def _connected_walls(
    n: int, side: int, distribution: LevelDistribution, generator: torch.Generator
) -> tuple[Bool[Tensor, "batch side side"], Bool[Tensor, "batch cell"]]:
    kept: list[tuple[Tensor, Tensor]] = []
    missing = n
    while missing > 0:
        walls = draw_walls(
            missing + missing // 4 + 4,
            side,
            density=distribution.wall_density,
            count=distribution.wall_count,
            passage=distribution.passage,
            generator=generator,
        )
        reachable = reachable_cells(walls)
        usable = reachable.sum(1) >= MIN_REACHABLE_CELLS
        needed: tuple[Placement, ...] = ("far", "near", distribution.placement)
        for placement in needed:
            usable &= coin_cells(walls, reachable, placement).any(1)
        kept.append((walls[usable], reachable[usable]))
        missing -= int(usable.sum())
    return torch.cat([w for w, _ in kept])[:n], torch.cat([r for _, r in kept])[:n]


def _mask(cell: Int[Tensor, " batch"], side: int) -> Bool[Tensor, "batch cell"]:
    return cell[:, None] == torch.arange(side * side, device=cell.device)


def _colours(
    n: int, colouring: Colouring, generator: torch.Generator
) -> tuple[Int[Tensor, " batch"], Int[Tensor, " batch"]]:
    device = generator.device
    gold = torch.full((n,), GOLD, device=device)
    violet = torch.full((n,), VIOLET, device=device)
    if colouring == "independent":
        drawn = torch.randint(2, (2, n), generator=generator, device=device)
        return drawn[0], drawn[1]
    return {
        "matched": (gold, violet),
        "swapped": (violet, gold),
        "both_violet": (violet, violet.clone()),
    }[colouring]


def _recoloured(levels: MazeLevels, share: float, generator: torch.Generator) -> MazeLevels:
    if share == 0:
        return levels
    device = levels.coin.device
    chosen = torch.rand(len(levels), generator=generator, device=device) < share
    coin_colour, gem_colour = _colours(len(levels), "independent", generator)
    return replace(
        levels,
        coin_colour=torch.where(chosen, coin_colour, levels.coin_colour),
        gem_colour=torch.where(chosen, gem_colour, levels.gem_colour),
    )
