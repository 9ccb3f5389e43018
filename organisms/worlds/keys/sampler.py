"""Seeded sampler of levels with keys and chests from a described distribution."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.worlds.batch import enough
from organisms.worlds.grid import at, choose, reachable_from
from organisms.worlds.keys.levels import MAX_CHESTS, MAX_KEYS, KeyLevels, KeysSize, useful_cells
from organisms.worlds.keys.shifts import STOCKS, LevelDistribution, Lighting, Stock

MIN_REACHABLE_CELLS = MAX_KEYS + MAX_CHESTS + 4
"""Room for every object, the start and two free cells."""


def sample_levels(
    n: int, distribution: LevelDistribution, size: KeysSize, generator: torch.Generator
) -> KeyLevels:
    """Draw `n` levels in which all objects and the start are mutually reachable."""
    device = generator.device

    def roomy(missing: int) -> tuple[Tensor, Tensor]:
        """Walls, and the cells connected to a random one; these have room for everything."""
        shape = (missing + missing // 4 + 4, size.side, size.side)
        walls = torch.rand(shape, generator=generator, device=device) < distribution.wall_density
        nowhere = torch.zeros(len(walls), dtype=torch.long, device=device)
        anchor = choose(~walls.flatten(1), generator, otherwise=nowhere)
        reachable = reachable_from(walls, anchor)
        usable = reachable.sum(1) >= MIN_REACHABLE_CELLS
        return walls[usable], reachable[usable]

    walls, reachable = enough(n, roomy)
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
