"""Seeded sampler of levels with keys and chests from a described distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.worlds.grid import choose, distances
from organisms.worlds.keys.levels import MAX_CHESTS, MAX_KEYS, KeyLevels, at, useful_cells
from organisms.worlds.keys.stocks import STOCKS, Stock

Lighting = Literal["useful", "independent", "useless", "one_useless"]

MIN_REACHABLE_CELLS = MAX_KEYS + MAX_CHESTS + 4
"""Room for every object, the start and two free cells."""


@dataclass(frozen=True)
class KeysSize:
    """Sizes shared by every level of an environment.

    Attributes:
        side: rows and columns, at least 5 so that every object has a place.
        n_slots: context slots.
        n_values: values a context slot can take.
    """

    side: int = 5
    n_slots: int = 8
    n_values: int = 8

    def __post_init__(self) -> None:
        smallest = {"side": 5, "n_slots": 1, "n_values": 2}
        for name, low in smallest.items():
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be at least {low}, got {getattr(self, name)}")


@dataclass(frozen=True)
class LevelDistribution:
    """What levels look like.

    Attributes:
        stock: numbers of keys, held keys and chests.
        needed_share: share of levels that have the stock `needed` instead, in [0, 1].
        lighting: lit are exactly the useful objects, every object by chance, the keys or chests
            that are not useful, or one of these. The gem is lit by chance or not at all.
        wall_density: chance that a cell is a wall, in [0, 0.4].
        instruct_rate: chance of the instruct token, in [0, 1].
    """

    stock: Stock = "needed"
    needed_share: float = 0.0
    lighting: Lighting = "useful"
    wall_density: float = 0.2
    instruct_rate: float = 0.2

    def __post_init__(self) -> None:
        if self.stock not in STOCKS:
            raise ValueError(f"stock is one of {list(STOCKS)}, got {self.stock!r}")
        if self.lighting not in get_args(Lighting):
            raise ValueError(f"lighting is one of {get_args(Lighting)}, got {self.lighting!r}")
        for name, high in (("needed_share", 1), ("wall_density", 0.4), ("instruct_rate", 1)):
            value = getattr(self, name)
            if not 0 <= value <= high:
                raise ValueError(f"{name} must lie in [0, {high}], got {value}")


def sample_levels(
    n: int, distribution: LevelDistribution, *, size: KeysSize, generator: torch.Generator
) -> KeyLevels:
    """Draw `n` levels in which all objects and the start are mutually reachable.

    Args:
        n: number of levels, at least 1.
        distribution: what the levels look like.
        size: grid and context counts.
        generator: source of all randomness; the levels lie on its device.

    Raises:
        ValueError: `n` is below 1.
    """
    if n < 1:
        raise ValueError(f"need at least one level, got n={n}")
    device = generator.device
    walls, reachable = _connected_walls(n, size.side, distribution.wall_density, generator)
    counts = _counts(n, distribution, generator)
    n_keys, held, n_chests = counts[:, 0], counts[:, 1], counts[:, 2]
    rank = _shuffled(reachable, generator)
    keys = rank < n_keys[:, None]
    chests = (rank < (n_keys + n_chests)[:, None]) & ~keys
    gem = (rank == (n_keys + n_chests)[:, None]).int().argmax(1)
    start = (rank == (n_keys + n_chests + 1)[:, None]).int().argmax(1)
    gems = at(gem, size.side)
    return KeyLevels(
        walls=walls,
        keys=keys,
        chests=chests,
        gem=gem,
        lit=_lit(keys, chests, gems, held, distribution.lighting, generator),
        held=held,
        context=torch.randint(size.n_values, (n, size.n_slots), generator=generator, device=device),
        instructed=torch.rand(n, generator=generator, device=device) < distribution.instruct_rate,
        start=start,
    )


def reachable_from(
    walls: Bool[Tensor, "batch side side"], cell: Int[Tensor, " batch"]
) -> Bool[Tensor, "batch cell"]:
    """Cells connected to a cell of each level."""
    return (distances(walls, at(cell, walls.shape[-1]).view_as(walls)) >= 0).flatten(1)


def _connected_walls(
    n: int, side: int, density: float, generator: torch.Generator
) -> tuple[Bool[Tensor, "batch side side"], Bool[Tensor, "batch cell"]]:
    """Walls, and the cells connected to a random one; these have room for everything."""
    kept: list[tuple[Tensor, Tensor]] = []
    missing = n
    while missing > 0:
        shape = (missing + missing // 4 + 4, side, side)
        walls = torch.rand(shape, generator=generator, device=generator.device) < density
        anchor = choose(
            ~walls.flatten(1), generator, otherwise=torch.zeros_like(walls[:, 0, 0]).long()
        )
        reachable = reachable_from(walls, anchor)
        usable = reachable.sum(1) >= MIN_REACHABLE_CELLS
        kept.append((walls[usable], reachable[usable]))
        missing -= int(usable.sum())
    return torch.cat([w for w, _ in kept])[:n], torch.cat([r for _, r in kept])[:n]


def _counts(
    n: int, distribution: LevelDistribution, generator: torch.Generator
) -> Int[Tensor, "batch count"]:
    def drawn(stock: Stock) -> Tensor:
        table = torch.tensor(STOCKS[stock], device=generator.device)
        return table[torch.randint(len(table), (n,), generator=generator, device=generator.device)]

    needed = torch.rand(n, generator=generator, device=generator.device)
    usual = drawn(distribution.stock)
    return torch.where((needed < distribution.needed_share)[:, None], drawn("needed"), usual)


def _shuffled(
    allowed: Bool[Tensor, "batch cell"], generator: torch.Generator
) -> Int[Tensor, "batch cell"]:
    """Place of every cell in a random order in which the allowed cells come first."""
    drawn = torch.rand(allowed.shape, generator=generator, device=generator.device)
    return (drawn + ~allowed).argsort(dim=1).argsort(dim=1)


def _lit(
    keys: Bool[Tensor, "batch cell"],
    chests: Bool[Tensor, "batch cell"],
    gems: Bool[Tensor, "batch cell"],
    held: Int[Tensor, " batch"],
    lighting: Lighting,
    generator: torch.Generator,
) -> Bool[Tensor, "batch cell"]:
    if lighting == "independent":
        chance = torch.rand(keys.shape, generator=generator, device=generator.device)
        return (keys | chests | gems) & (chance < 0.5)
    useful = useful_cells(keys, chests, held)
    if lighting == "useful":
        return useful
    useless = (keys | chests) & ~useful
    if lighting == "useless":
        return useless
    return useless & (_shuffled(useless, generator) == 0)
