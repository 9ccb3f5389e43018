"""The oracle of worlds on a grid against a shortest-path library and levels drawn by hand."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from organisms.worlds.grid import distances, follow, optimal_moves
from organisms.worlds.keys.keys import Keys
from organisms.worlds.maze.levels import pockets
from organisms.worlds.maze.maze import Maze
from organisms.worlds.maze.objectives import OBJECTIVES
from worlds import generator, maze_level

MAZE = Maze()
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
    assert {name: cells(LEVEL, name) for name in OBJECTIVES if name not in PLACES} == {
        "instructed_coin": [3],
        "coin": [3],
        "gem": [8],
        "corner": [3],
        "colour": [8],
        "nearest_object": [3, 8],
        "bottom_left": [12],
        "top_left": [0],
    }
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
    assert {name: cells(HAND, name) for name in PLACES} == {
        "above_coin": [4],  # the cell above the coin is a wall
        "cornermost": [6],  # 4 steps from the corner, the gem 5
        "doorway": [4],
        "anteroom": [9],
    }
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
