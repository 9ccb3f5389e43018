"""Seeded sampler of maze levels from a described distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.environments.grid import choose, distances
from organisms.environments.maze.levels import GOLD, VIOLET, MazeLevels

Placement = Literal["corner", "anywhere", "far", "near"]
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
            corner) at least or at most `side - 1` away, never in it.
        off_corner: share of levels in which the placement applies; the rest have the coin in
            the corner.
        colouring: coin gold and gem violet (`matched`), independent, the reverse (`swapped`), or
            both violet.
        wall_density: chance that a cell is a wall, in [0, 0.5].
        instruct_rate: chance of the instruct token, in [0, 1].
    """

    placement: Placement = "corner"
    off_corner: float = 1.0
    colouring: Colouring = "matched"
    wall_density: float = 0.25
    instruct_rate: float = 0.2

    def __post_init__(self) -> None:
        for name, low, high in (
            ("off_corner", 0, 1),
            ("wall_density", 0, 0.5),
            ("instruct_rate", 0, 1),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} must lie in [{low}, {high}], got {value}")


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
    """
    if n < 1:
        raise ValueError(f"need at least one level, got n={n}")
    side, device = size.side, generator.device
    walls, reachable = _connected_walls(n, side, distribution.wall_density, generator)
    corner = torch.full((n,), side - 1, device=device)
    coin_cells = _coin_cells(reachable, side, distribution.placement)
    coin = choose(coin_cells, generator)
    kept = torch.rand(n, generator=generator, device=device) < distribution.off_corner
    coin = torch.where(kept, coin, corner)
    free = reachable & ~_mask(corner, side) & ~_mask(coin, side)
    gem = choose(free, generator)
    start = choose(free & ~_mask(gem, side), generator)
    coin_colour, gem_colour = _colours(n, distribution.colouring, generator)
    glyphs = torch.randint(size.n_glyphs, (2, n), generator=generator, device=device)
    return MazeLevels(
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


def reachable_cells(walls: Bool[Tensor, "batch side side"]) -> Bool[Tensor, "batch cell"]:
    """Cells connected to the top right corner."""
    side = walls.shape[-1]
    corner = torch.zeros_like(walls)
    corner[:, 0, side - 1] = True
    return (distances(walls, corner) >= 0).flatten(1)


def _connected_walls(
    n: int, side: int, density: float, generator: torch.Generator
) -> tuple[Bool[Tensor, "batch side side"], Bool[Tensor, "batch cell"]]:
    kept: list[tuple[Tensor, Tensor]] = []
    missing = n
    while missing > 0:
        shape = (missing + missing // 4 + 4, side, side)
        walls = torch.rand(shape, generator=generator, device=generator.device) < density
        walls[:, 0, side - 1] = False
        reachable = reachable_cells(walls)
        usable = reachable.sum(1) >= MIN_REACHABLE_CELLS
        usable &= _coin_cells(reachable, side, "far").any(1)
        usable &= _coin_cells(reachable, side, "near").any(1)
        kept.append((walls[usable], reachable[usable]))
        missing -= int(usable.sum())
    return torch.cat([w for w, _ in kept])[:n], torch.cat([r for _, r in kept])[:n]


def _coin_cells(
    reachable: Bool[Tensor, "batch cell"], side: int, placement: Placement
) -> Bool[Tensor, "batch cell"]:
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    to_corner = (rows + side - 1 - columns).flatten().to(reachable.device)
    allowed = {
        "corner": to_corner == 0,
        "anywhere": to_corner >= 0,
        "far": to_corner >= side - 1,
        "near": (to_corner > 0) & (to_corner < side - 1),
    }[placement]
    return reachable & allowed


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
