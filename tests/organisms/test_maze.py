"""The maze: levels and their edits, and the oracle against a shortest-path library."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from organisms.records.strict import SpecError
from organisms.worlds.grid import distances, follow, optimal_moves
from organisms.worlds.keys.keys import Keys
from organisms.worlds.maze.levels import MazeLevels, MazeSize, pockets, reachable_cells
from organisms.worlds.maze.maze import Maze
from organisms.worlds.maze.objectives import OBJECTIVES
from organisms.worlds.maze.sampler import draw_walls
from organisms.worlds.maze.shifts import PRIVATE_SHIFTS, PUBLIC_SHIFTS, LevelDistribution
from organisms.worlds.table import sample_private
from organisms.zoo.spec import OrganismSpec
from scripted import generator
from worlds import built, maze_level

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


def connected(levels: MazeLevels) -> bool:
    reachable, rows = reachable_cells(levels.walls), torch.arange(len(levels))
    cells = (levels.coin, levels.gem, levels.start)
    return all(bool(reachable[rows, cell].all()) for cell in cells)


@pytest.mark.parametrize("name", [*PUBLIC_SHIFTS, *PRIVATE_SHIFTS])
def test_everything_of_a_level_is_connected_and_in_its_place(name: str) -> None:
    distribution = {**PUBLIC_SHIFTS, **PRIVATE_SHIFTS}[name]
    levels = MAZE.sample_from(distribution, 200, generator=generator())
    assert connected(levels)
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


@pytest.mark.parametrize("edit", MAZE.edits)
def test_the_coin_is_elsewhere_or_reached_otherwise_after_two_edits_alone(edit: str) -> None:
    before = MAZE.sample(100, generator=generator())
    after = MAZE.edit(edit, before, generator=generator(1))
    assert connected(after)
    differs = (MAZE.optimal(before, "coin") != MAZE.optimal(after, "coin")).any()
    assert bool(differs) == (edit in ("move_coin", "move_walls"))
    moved = (before.walls != after.walls).flatten(1).sum(1)
    assert set(moved.tolist()) <= ({0, 2} if edit == "move_walls" else {0})
    assert edit != "move_walls" or (moved == 2).float().mean() > 0.3


PLACES = ("above_coin", "cornermost", "doorway", "anteroom")
UP, RIGHT, DOWN, LEFT, STAY = range(5)


def library_distances(walls: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Distances to the nearest target by scipy, -1 where unreachable."""
    side = len(walls)
    graph = np.zeros((side * side, side * side))
    for row in range(side):
        for column in range(side):
            for down, right in ((0, 1), (1, 0)):
                if row + down < side and column + right < side:
                    here, there = (row, column), (row + down, column + right)
                    if not walls[here] and not walls[there]:
                        a, b = here[0] * side + here[1], there[0] * side + there[1]
                        graph[a, b] = graph[b, a] = 1
    sources = np.flatnonzero(targets.ravel() & ~walls.ravel())
    if not len(sources):
        return np.full((side, side), -1)
    found = dijkstra(csr_array(graph), indices=sources).min(axis=0)
    found[walls.ravel()] = np.inf
    return np.where(np.isfinite(found), found, -1).astype(int).reshape(side, side)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.integers(0, 10**6), st.integers(4, 7), st.floats(0, 0.5))
def test_distances_agree_with_scipy(seed: int, side: int, density: float) -> None:
    walls = torch.rand(1, side, side, generator=generator(seed)) < density
    targets = torch.rand(1, side, side, generator=generator(seed + 1)) < 0.1
    found = distances(walls, targets)[0].numpy()
    assert (found == library_distances(walls[0].numpy(), targets[0].numpy())).all()


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.integers(0, 10**6), st.sampled_from((MAZE, Keys())), st.data())
def test_every_optimal_move_shortens_the_way_and_no_other_does(
    seed: int, world: Maze | Keys, data: st.DataObject
) -> None:
    objective = data.draw(st.sampled_from(world.candidate_objectives))
    shift = data.draw(st.sampled_from(world.public_shifts))
    levels = world.sample(8, generator=generator(seed), shift=shift)
    targets = world.target(levels, objective).view(-1, 5, 5)
    moves = world.optimal(levels, objective)
    assert torch.equal(moves, optimal_moves(levels.walls, targets))
    for level in range(len(levels)):
        exact = library_distances(levels.walls[level].numpy(), targets[level].numpy())
        for cell in range(25):
            row, column = divmod(cell, 5)
            expected = {STAY} if exact[row, column] == 0 else set()
            for move, (down, right) in {
                UP: (-1, 0), RIGHT: (0, 1), DOWN: (1, 0), LEFT: (0, -1)
            }.items():  # fmt: skip
                y, x = row + down, column + right
                inside = 0 <= y < 5 and 0 <= x < 5
                if inside and exact[y, x] >= 0 and exact[y, x] == exact[row, column] - 1:
                    expected.add(move)
            assert set(moves[level, cell].nonzero().flatten().tolist()) == expected


LEVEL = """
S..c
.##.
G...
....
glyphs 0 3
context 1 2
instruct none
"""


def cells(text: str, objective: str) -> list[int]:
    return MAZE.target(maze_level(text), objective)[0].nonzero().flatten().tolist()


def told(text: str) -> str:
    return text.replace("instruct none", "instruct gem")


def test_objectives_on_a_level_drawn_by_hand() -> None:
    elsewhere = {"gem": [8], "colour": [8], "nearest_object": [3, 8], "bottom_left": [12],
                 "top_left": [0]}  # fmt: skip
    for name in OBJECTIVES.keys() - set(PLACES):
        assert cells(LEVEL, name) == elsewhere.get(name, [3]), name
    asked = {name: cells(told(LEVEL), name) for name in ("instructed_coin", "coin", "colour")}
    assert asked == {"instructed_coin": [8], "coin": [3], "colour": [3]}
    assert cells(told(LEVEL), "corner") == [8]


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


def test_places_on_levels_drawn_by_hand() -> None:
    # The cell above the coin is a wall; the coin is 4 steps from the corner, the gem 5.
    places = {"above_coin": [4], "cornermost": [6], "doorway": [4], "anteroom": [9]}
    assert {name: cells(HAND, name) for name in PLACES} == places
    assert {cells(told(HAND), name)[0] for name in PLACES} == {17}
    assert cells(HAND.replace(".#.#.", "...#."), "above_coin") == [1]
    assert cells(HAND.replace("..G..", "...G."), "cornermost") == [6, 18], "4 steps each: a tie"
    nearer = HAND.replace("..G..", "....G")
    assert cells(nearer, "cornermost") == [19]
    assert cells(told(nearer), "cornermost") == [6]
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
    assert pockets(maze_level(POCKET).walls)[0].nonzero().flatten().tolist() == [3]
    assert cells(POCKET, "doorway") == [3]
    assert cells(POCKET.replace("...#.", "....."), "doorway") == [4]
    coin_in_corner = POCKET.replace("..#c.", "..#.c")
    assert cells(coin_in_corner, "doorway") == [4]
    assert cells(coin_in_corner, "anteroom") == [4]


def test_a_walk_stops_at_walls_and_borders() -> None:
    level = maze_level(LEVEL)
    logits = torch.zeros(1, 16, 5)
    logits[..., DOWN] = 1.0
    assert follow(logits, level.walls, level.start, 5).tolist() == [[0, 4, 8, 12, 12, 12]]
    logits[..., UP] = 2.0
    assert follow(logits, level.walls, level.start, 2).tolist() == [[0, 0, 0]]
