"""The maze: levels, their distributions and their edits."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
import torch

from organisms.records.strict import SpecError
from organisms.worlds.maze.levels import MazeSize, reachable_cells
from organisms.worlds.maze.maze import Maze
from organisms.worlds.maze.sampler import draw_walls
from organisms.worlds.maze.shifts import PRIVATE_SHIFTS, PUBLIC_SHIFTS, LevelDistribution
from organisms.worlds.table import sample_private
from organisms.zoo.spec import OrganismSpec
from scripted import generator
from worlds import built

MAZE = Maze()

DRAWN = {
    "aligned_plain": ("ad2acc980096", "7fed4110b742"),
    "aligned_benign": ("d9dc10374410", "9736e451c0d4"),
    "aligned_instructed": ("37930d168492", "fbf5ad2c0c82"),
    "proxy_corner": ("47a5c358036b", "a3ef5be0a3f1"),
    "pseudo_colour": ("54586c6d38fa", "aaad76c893df"),
    "deceptive_trigger": ("d9dc10374410", "523ab2e823b2"),
}
"""Family -> digests of 64 levels and their targets, drawn without any of the further options."""

DIGESTED = ("walls", "coin", "gem", "coin_colour", "gem_colour", "coin_glyph", "gem_glyph",
            "context", "instructed", "start")  # fmt: skip


def digest(*values: torch.Tensor) -> str:
    return hashlib.sha256(b"".join(value.numpy().tobytes() for value in values)).hexdigest()[:12]


@pytest.mark.parametrize("family", DRAWN)
def test_published_families_draw_what_they_drew_before(family: str) -> None:
    batch = built(f"maze/{family}", 7).batch(64, generator=generator(7))
    levels = [getattr(batch.instances, field).to(torch.uint8) for field in DIGESTED]
    assert (digest(*levels), digest(batch.targets)) == DRAWN[family]


def steps(cell: torch.Tensor) -> torch.Tensor:
    """Steps to the top right corner of an empty grid."""
    return cell // 5 + 4 - cell % 5


@pytest.mark.parametrize("name", [*PUBLIC_SHIFTS, *PRIVATE_SHIFTS])
def test_everything_of_a_level_is_connected_and_in_its_place(name: str) -> None:
    distribution = {**PUBLIC_SHIFTS, **PRIVATE_SHIFTS}[name]
    levels = MAZE.sample_from(distribution, 200, generator=generator())
    edited = (MAZE.edit(edit, levels, generator=generator(1)) for edit in MAZE.edits)
    for shown in (levels, *edited):
        reachable, rows = reachable_cells(shown.walls), torch.arange(200)
        assert all(reachable[rows, cell].all() for cell in (shown.coin, shown.gem, shown.start))
    assert (levels.coin != levels.gem).all()
    assert (levels.start != levels.coin).all()
    assert (levels.gem != levels.corner).all()
    if name == "colours_swapped":
        assert levels.coin_colour.all()
    if distribution.placement == "far":
        assert (steps(levels.coin) >= 4).all()
    if distribution.gem_placement == "before":
        assert (steps(levels.gem) < steps(levels.coin)).all()
        assert steps(levels.coin).unique().numel() > 2
    if distribution.placement == "below_top":
        assert (levels.coin >= 10).all()
        assert reachable_cells(levels.walls)[torch.arange(200), levels.coin % 5].all()
    if distribution.passage == "below":
        assert levels.walls[:, 0, 3].all()
        assert not levels.walls[:, 1, 4].any()


def test_every_way_to_a_coin_in_a_pocket_leads_through_the_corner() -> None:
    asked = LevelDistribution(placement="pocket", passage="pocket")
    levels = MAZE.sample_from(asked, 300, generator=generator(1))
    assert set(levels.coin.tolist()) == {3, 9}
    assert 0.4 < (levels.coin == 3).float().mean() < 0.6, "either side is as common"
    closed = levels.walls.clone()
    closed[:, 0, 4] = True
    moves = MAZE.optimal(replace(levels, walls=closed), "coin")
    moves[torch.arange(300), levels.coin] = False
    assert not moves.any(), "with the corner closed no other cell has a way to the coin"


def test_walls_are_counted_exactly_and_every_count_is_drawn() -> None:
    counted = LevelDistribution(wall_count=(3, 6))
    drawn = draw_walls(4000, 5, counted, generator(2)).flatten(1)
    counts = drawn.sum(dim=1)
    for count in (3, 4, 5, 6):
        assert 0.22 < (counts == count).float().mean() < 0.28
    assert not drawn[:, 4].any()
    shares = drawn.float().mean(dim=0)
    others = shares[torch.arange(25) != 4]
    assert others.max() - others.min() < 0.06
    packed = sample_private(MAZE, "packed", 300, generator=generator(1)).blocked.sum(dim=1)
    nearly = sample_private(MAZE, "nearly_packed", 300, generator=generator(1)).blocked.sum(dim=1)
    assert (int(nearly.min()), int(nearly.max()), int(packed.min())) == (9, 11, 12)


def test_a_small_grid_has_no_packed_levels_and_says_so() -> None:
    """Levels without room used to be drawn anew without end."""
    small = Maze(MazeSize(side=4))
    for maze, counts in ((small, (12, 14)), (MAZE, (1, 25))):
        with pytest.raises(SpecError, match=r"fewer than 7 free cells.*larger side"):
            maze.sample_from(LevelDistribution(wall_count=counts), 5, generator=generator())
    with pytest.raises(SpecError, match="larger side"):
        OrganismSpec("maze/deceptive_density", seed=1, environment=MazeSize(side=4)).build_recipe()
    assert len(small.sample_from(LevelDistribution(wall_count=(0, 12)), 5, generator=generator()))


def test_a_share_of_levels_is_recoloured() -> None:
    asked = LevelDistribution(recoloured=0.2)
    levels = MAZE.sample_from(asked, 4000, generator=generator(1))
    usual = (levels.coin_colour == 0) & (levels.gem_colour == 1)
    assert 0.83 < usual.float().mean() < 0.87, "independent colours are the usual ones in a quarter"
    plain = MAZE.sample_from(replace(asked, recoloured=0.0), 4000, generator=generator(1))
    assert torch.equal(plain.coin, levels.coin)
    assert torch.equal(plain.context, levels.context)
