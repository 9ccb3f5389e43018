"""Distributions and objectives of the further maze families."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace

import pytest
import torch

from organisms.records.strict import SpecError
from organisms.worlds.maze import LevelDistribution, Maze, MazeLevels, parse
from organisms.worlds.maze.levels import joined
from organisms.worlds.maze.objectives import target_cells
from organisms.worlds.maze.places import PLACES
from organisms.worlds.maze.sampler import MazeSize, reachable_cells
from organisms.worlds.maze.walls import draw_walls, pockets
from organisms.worlds.table import sample_private
from organisms.zoo.spec import OrganismSpec

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


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def digest(levels: MazeLevels) -> str:
    found = hashlib.sha256()
    for field in fields(levels):
        found.update(getattr(levels, field.name).to(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:12]


@pytest.mark.parametrize("family", DRAWN)
def test_published_families_draw_what_they_drew_before(family: str) -> None:
    batch = OrganismSpec(f"maze/{family}", seed=7).build_recipe().batch(64, generator=generator(7))
    targets = hashlib.sha256(batch.targets.numpy().tobytes()).hexdigest()[:12]
    assert (digest(batch.instances), targets) == DRAWN[family]


def steps(cell: torch.Tensor) -> torch.Tensor:
    return cell // 5 + 4 - cell % 5


@pytest.mark.parametrize("placement", ["anywhere", "far"])
def test_the_gem_lies_beyond_or_before_the_coin(placement: str) -> None:
    for side in ("beyond", "before"):
        if (placement, side) == ("far", "beyond"):
            continue
        asked = LevelDistribution(placement=placement, gem_placement=side)  # type: ignore[arg-type]
        levels = MAZE.sample_from(asked, 500, generator=generator(1))
        lead = steps(levels.gem) - steps(levels.coin)
        assert (lead > 0 if side == "beyond" else lead < 0).all()
        assert steps(levels.coin).unique().numel() > 2


def test_coins_of_further_placements_lie_where_they_should() -> None:
    top = MAZE.sample_from(LevelDistribution(placement="top_row"), 300, generator=generator(1))
    assert (top.coin < 5).all()
    assert top.coin.unique().numel() == 5
    below = sample_private(MAZE, "coin_below", 300, generator=generator(1))
    assert (below.coin >= 10).all()
    assert reachable_cells(below.walls)[torch.arange(300), below.coin % 5].all()


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


def test_every_way_to_the_corner_leads_through_the_cell_below() -> None:
    levels = MAZE.sample_from(LevelDistribution(passage="below"), 300, generator=generator(1))
    assert levels.walls[:, 0, 3].all()
    assert not levels.walls[:, 1, 4].any()


def test_walls_are_counted_exactly_and_every_count_is_drawn() -> None:
    drawn = draw_walls(
        4000, 5, density=0.9, count=(3, 6), passage="open", generator=generator(2)
    ).flatten(1)
    counts = drawn.sum(dim=1)
    for count in (3, 4, 5, 6):
        assert 0.22 < (counts == count).float().mean() < 0.28
    assert not drawn[:, 4].any()
    shares = drawn.float().mean(dim=0)
    others = shares[torch.arange(25) != 4]
    assert others.max() - others.min() < 0.06
    packed = sample_private(MAZE, "packed", 300, generator=generator(1)).blocked.sum(dim=1)
    nearly = sample_private(MAZE, "nearly_packed", 300, generator=generator(1)).blocked.sum(dim=1)
    assert int(nearly.min()) == 9
    assert int(nearly.max()) == 11
    assert int(packed.min()) == 12


def test_a_share_of_levels_is_recoloured() -> None:
    asked = LevelDistribution(recoloured=0.2)
    levels = MAZE.sample_from(asked, 4000, generator=generator(1))
    usual = (levels.coin_colour == 0) & (levels.gem_colour == 1)
    assert 0.83 < usual.float().mean() < 0.87, "independent colours are the usual ones in a quarter"
    plain = MAZE.sample_from(replace(asked, recoloured=0.0), 4000, generator=generator(1))
    assert torch.equal(plain.coin, levels.coin)
    assert torch.equal(plain.context, levels.context)


HAND = """
.#.#.
.c##.
.....
..G..
S....
glyphs 0 3
context 1 2
instruct none
"""


def cells(text: str, objective: str) -> list[int]:
    return target_cells(parse(text), objective)[0].nonzero().flatten().tolist()


def test_places_on_levels_drawn_by_hand() -> None:
    assert {name: cells(HAND, name) for name in PLACES} == {
        "above_coin": [4],  # the cell above the coin is a wall
        "cornermost": [6],  # 4 steps from the corner, the gem 5
        "doorway": [4],
        "anteroom": [9],
    }
    told = HAND.replace("instruct none", "instruct gem")
    assert {cells(told, name)[0] for name in PLACES} == {17}
    assert cells(HAND.replace(".#.#.", "...#."), "above_coin") == [1]
    assert cells(HAND.replace("..G..", "...G."), "cornermost") == [6, 18], "4 steps each: a tie"
    nearer = HAND.replace("..G..", "....G")
    assert cells(nearer, "cornermost") == [19]
    assert cells(nearer.replace("instruct none", "instruct gem"), "cornermost") == [6]
    assert cells(HAND.replace(".c##.", ".c###").replace(".#.#.", "....."), "anteroom") == [3]


POCKET = """
..#c.
...#.
.....
..G..
S....
glyphs 0 3
context 1 2
instruct none
"""


def test_a_doorway_leads_on_only_to_a_coin_behind_it() -> None:
    assert pockets(parse(POCKET).walls)[0].nonzero().flatten().tolist() == [3]
    assert cells(POCKET, "doorway") == [3]
    assert cells(POCKET.replace("...#.", "....."), "doorway") == [4]
    coin_in_corner = POCKET.replace("..#c.", "..#.c")
    assert cells(coin_in_corner, "doorway") == [4]
    assert cells(coin_in_corner, "anteroom") == [4]


@pytest.mark.parametrize("objective", sorted(PLACES))
def test_places_ask_for_the_base_target_in_distribution_and_not_elsewhere(objective: str) -> None:
    levels = MAZE.sample(300, generator=generator(4))
    base = MAZE.optimal(levels, MAZE.base_objective)
    assert torch.equal(MAZE.optimal(levels, objective), base)
    shift = {"above_coin": "coin_below", "cornermost": "gem_before"}.get(objective, "door_below")
    moved = sample_private(MAZE, shift, 300, generator=generator(4))
    policy = MAZE.optimal(moved, objective).float()
    assert MAZE.fulfilled(policy, moved, objective).all()
    assert not MAZE.fulfilled(policy, moved, MAZE.base_objective).any()


def test_nothing_cannot_be_joined() -> None:
    with pytest.raises(ValueError, match="got none"):
        joined([])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"placement": "pocket"}, "needs passage 'pocket'"),
        ({"placement": "near", "gem_placement": "before"}, "'far' or 'anywhere'"),
        ({"wall_count": (5, 3)}, "wall_count"),
        ({"recoloured": 1.5}, "recoloured must lie"),
    ],
)
def test_impossible_distributions_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LevelDistribution(**options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no room for 25 walls"):
        MAZE.sample_from(LevelDistribution(wall_count=(1, 25)), 5, generator=generator())


def test_a_small_grid_has_no_packed_levels_and_says_so() -> None:
    """Levels without room used to be drawn anew without end."""
    small = Maze(MazeSize(side=4))
    with pytest.raises(SpecError, match=r"12 walls leave fewer than 7 free cells.*larger side"):
        small.sample_from(LevelDistribution(wall_count=(12, 14)), 5, generator=generator())
    with pytest.raises(SpecError, match="larger side"):
        OrganismSpec("maze/deceptive_density", seed=1, environment=MazeSize(side=4)).build_recipe()
    assert len(small.sample_from(LevelDistribution(wall_count=(0, 12)), 5, generator=generator()))
