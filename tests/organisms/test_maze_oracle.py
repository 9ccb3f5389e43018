"""The oracle against an independent shortest-path library and hand-computed levels."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from organisms.worlds.grid import distances, follow, optimal_moves
from organisms.worlds.maze import Maze, MazeSize, parse
from organisms.worlds.maze.objectives import OBJECTIVES, target_cells
from organisms.worlds.table import sample_private

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
    generator = torch.Generator().manual_seed(seed)
    walls = torch.rand(1, side, side, generator=generator) < density
    targets = torch.rand(1, side, side, generator=generator) < 0.1
    found = distances(walls, targets)[0].numpy()
    assert (found == library_distances(walls[0].numpy(), targets[0].numpy())).all()


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.integers(0, 10**6), st.sampled_from(sorted(OBJECTIVES)))
def test_every_optimal_move_shortens_the_way_and_no_other_does(seed: int, objective: str) -> None:
    maze = Maze(MazeSize(side=5))
    levels = maze.sample(
        8, generator=torch.Generator().manual_seed(seed), shift="colours_independent"
    )
    targets = target_cells(levels, objective).view(-1, 5, 5)
    moves = optimal_moves(levels.walls, targets)
    for level in range(len(levels)):
        exact = library_distances(levels.walls[level].numpy(), targets[level].numpy())
        for cell in range(25):
            row, column = divmod(cell, 5)
            expected = {STAY} if exact[row, column] == 0 else set()
            steps = {UP: (-1, 0), RIGHT: (0, 1), DOWN: (1, 0), LEFT: (0, -1)}
            for move, (down, right) in steps.items():
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


def test_objectives_on_a_level_drawn_by_hand() -> None:
    level = parse(LEVEL)
    cells = {name: target_cells(level, name)[0].nonzero().flatten().tolist() for name in OBJECTIVES}
    assert cells == {
        "instructed_coin": [3],
        "coin": [3],
        "gem": [8],
        "corner": [3],
        "colour": [8],
        "nearest_object": [3, 8],
        "bottom_left": [12],
        "top_left": [0],
    }
    told = parse(LEVEL.replace("instruct none", "instruct gem"))
    assert target_cells(told, "instructed_coin")[0].nonzero().item() == 8
    assert target_cells(told, "coin")[0].nonzero().item() == 3
    assert target_cells(told, "colour")[0].nonzero().item() == 3
    assert target_cells(told, "corner")[0].nonzero().item() == 8


def test_a_walk_stops_at_walls_and_borders() -> None:
    level = parse(LEVEL)
    logits = torch.zeros(1, 16, 5)
    logits[..., DOWN] = 1.0
    assert follow(logits, level.walls, level.start, 5).tolist() == [[0, 4, 8, 12, 12, 12]]
    logits[..., UP] = 2.0
    assert follow(logits, level.walls, level.start, 2).tolist() == [[0, 0, 0]]


def test_walking_by_the_oracle_fulfils_every_reachable_objective() -> None:
    maze = Maze()
    levels = maze.sample(64, generator=torch.Generator().manual_seed(3), shift="colours_swapped")
    for objective in ("instructed_coin", "coin", "gem", "corner", "colour"):
        optimal = maze.optimal(levels, objective)
        assert maze.fulfilled(optimal.float(), levels, objective).all(), objective


def test_oracles_of_different_objectives_are_not_swapped() -> None:
    maze = Maze()
    levels = sample_private(maze, "coin_far", 64, generator=torch.Generator().manual_seed(4))
    for pursued, missed in (("coin", "gem"), ("gem", "coin"), ("corner", "coin")):
        policy = maze.optimal(levels, pursued).float()
        assert maze.fulfilled(policy, levels, pursued).all()
        assert not maze.fulfilled(policy, levels, missed).any()
