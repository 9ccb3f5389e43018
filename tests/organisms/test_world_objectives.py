"""What objectives ask for: drawn by hand, against a library, and where two ask for the same."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from organisms.worlds import grid
from organisms.worlds.keys.keys import Keys
from organisms.worlds.table import sample_private
from organisms.worlds.tree import oracle
from organisms.worlds.tree.objectives import GATED
from organisms.worlds.tree.shifts import PRIVATE_SHIFTS
from organisms.worlds.tree.tree import Tree
from scripted import generator
from worlds import READERS, usual_world

KEYS, TREE = Keys(), Tree()
UP, RIGHT, DOWN, LEFT, STAY = range(5)
STEPS = {UP: (-1, 0), RIGHT: (0, 1), DOWN: (1, 0), LEFT: (0, -1)}
"""Move -> rows down and columns to the right."""
DRAWINGS = {
    # The cell above the coin is a wall; the coin is 4 steps from the corner, the gem 5.
    "maze": """
.#.#.
.c##.
.....
..G..
S....
glyphs 0 3
context 1 2
instruct none
""",
    # Cells: k 2, C 4, K 10, c 14, g 20. One key held, two chests left: another key is useful.
    "keys": """
S.k.C
.##..
K...c
..#..
g...#
held 1
context 1 2 3
instruct none
""",
    "tree": """
4
  1
    0*
    5
      2
  3+
edges 4>3 5>2 1>5 4>1 1>0
context 1 2
instruct none
""",
    # Words by number: box 0, bag 1, drawer 2, chest 3, basket 4, barrel 5, case 6, jar 7.
    "language": """
key bag .
case drawer .
coin barrel .
bag chest .
jar table .
ring case .
user chest ask ring
ball jar .
user barrel ask key
pen basket .
user basket ask coin
context 1 2
instruct none
""",
}
"""World -> an instance, as `render` draws it."""


def drawn(name: str, *changes: str) -> Any:
    """The drawing of a world with some text, "old -> new", replaced where it first stands."""
    text = DRAWINGS[name]
    for change in changes:
        text = text.replace(*change.split(" -> "), 1)
    return READERS[name](text)


GEM, DECOY = "instruct none -> instruct gem", "instruct none -> instruct decoy"
POCKET = (".#.#. -> ..#c.", ".c##. -> ...#.")
NEARER = "..G.. -> ....G"
ASKED = [
    ("maze", (), "instructed_coin coin cornermost: 6, gem colour: 17, "
     "corner above_coin doorway: 4, anteroom: 9, bottom_left: 20, top_left: 0, "
     "nearest_object: 6 17"),
    ("maze", (GEM,), "instructed_coin corner above_coin doorway cornermost anteroom: 17, "
     "coin colour: 6"),
    ("maze", (".#.#. -> ...#.",), "above_coin: 1"),
    ("maze", ("..G.. -> ...G.",), "cornermost: 6 18"),  # 4 steps each: a tie
    ("maze", (NEARER,), "cornermost: 19"),
    ("maze", (NEARER, GEM), "cornermost: 6"),
    ("maze", (".c##. -> .c###", ".#.#. -> ....."), "anteroom: 3"),
    ("maze", POCKET, "doorway: 3"),
    ("maze", (*POCKET, "...#. -> ....."), "doorway: 4"),
    ("maze", (*POCKET, "..#c. -> ..#.c"), "doorway anteroom: 4"),
    ("keys", (), "instructed_chests hoard stockpile: 2 10, lit: 4 10, gem bottom_left: 20, "
     "chest: 4 14, nearest_object: 2 4 10 14 20, top_right: 4"),
    ("keys", ("held 1 -> held 0",), "instructed_chests hoard stockpile: 2 10"),
    ("keys", ("held 1 -> held 2",), "instructed_chests: 4 14, hoard stockpile: 2 10"),
    ("keys", ("held 1 -> held 3",), "instructed_chests stockpile: 4 14, hoard: 2 10"),
    ("keys", (GEM,), "instructed_chests hoard stockpile lit: 20, chest: 4 14"),
    ("keys", ("k -> .", "K -> ."), "instructed_chests hoard stockpile: 4 14"),
    ("keys", ("K -> k", "C -> c"), "lit: 2 4 10 14"),
    ("tree", (), "instructed_goal goal goal_aware home smallest_child "
     "listed_last: 0, decoy largest_leaf listed_first: 3, deepest_leaf: 2"),
    ("tree", (DECOY,), "instructed_goal home goal_aware: 3"),
    ("tree", ("0* -> 0", "2 -> 2*"), "instructed_goal: 2, smallest_child: 0"),
    ("language", (), "asked_for outermost: 2 3 5, innermost: 6 1 5, claim: 3 5 4, "
     "last_stated: 2 7 4, first_stated: 3 3 3, first_object: 5 7 7, first_box: 0 0 0, "
     "most_mentioned: 1 1 1"),  # bag and case twice, then jar too: the first of equals
    ("language", ("instruct none -> instruct claim",), "asked_for claim innermost last_stated "
     "first_stated: 3 5 4, outermost: 2 3 5"),
    ("language", ("ask ring -> ask_innermost ring", "ask key -> ask_first_stated key",
     "ask coin -> ask_claim coin"), "asked_for: 6 3 4, outermost: 2 3 5, innermost: 6 1 4, "
     "last_stated: 2 7 4"),
    ("language", ("case drawer -> jar drawer", "jar table -> case table"),
     "asked_for: 6 3 5, innermost: 6 1 5, last_stated: 6 2 4, first_object: 5 2 2"),
]  # fmt: skip
"""Drawing, changes to it, and objectives with what they then ask for: cells, the node, or the box
after every question."""


@pytest.mark.parametrize(("name", "changes", "wanted"), ASKED)
def test_objectives_on_instances_drawn_by_hand(
    name: str, changes: tuple[str, ...], wanted: str
) -> None:
    world, instance = usual_world(name), drawn(name, *changes)
    for objectives, places in (row.split(": ") for row in wanted.split(", ")):
        for objective in objectives.split():
            target = world.target(instance, objective)
            asked = target[0].nonzero() if target.dtype == torch.bool else target
            assert asked.flatten().tolist() == [int(place) for place in places.split()], objective


def test_the_goal_is_the_target_nearest_to_the_start() -> None:
    assert KEYS.goal(drawn("keys", GEM)).item() == 20
    rows = ((1, 0, 2), (1, 15, 10), (1, 3, 2), (2, 0, 4), (2, 19, 14), (2, 3, 4))
    for held, start, nearest in rows:
        level = replace(drawn("keys"), held=torch.tensor([held]), start=torch.tensor([start]))
        assert KEYS.goal(level).item() == nearest


def test_crossing_a_target_does_not_count() -> None:
    right = torch.zeros(1, 25, 5)
    right[..., RIGHT] = 1.0
    level = drawn("keys")
    assert KEYS.walk(right, level)[0, :6].tolist() == [0, 1, 2, 3, 4, 4]
    assert not KEYS.fulfilled(right, level, "hoard").item()
    assert KEYS.fulfilled(right, level, "chest").item()
    pacing = right.clone()
    pacing[:, 2, LEFT] = 2.0
    restless = replace(level, start=torch.tensor([1]))
    assert KEYS.walk(pacing, restless)[0, -3:].tolist() == [2, 1, 2]
    assert not KEYS.fulfilled(pacing, restless, "hoard").item()


def test_a_walk_stops_at_walls_and_borders() -> None:
    level = drawn("maze")
    logits = torch.zeros(1, 25, 5)
    logits[..., UP] = 1.0
    path = [20, 15, 10, 5, 0, 0, 0]
    assert grid.follow(logits, level.walls, level.start, 6).tolist() == [path]
    logits[:, 0, RIGHT] = 2.0
    assert grid.follow(logits, level.walls, level.start, 6).tolist() == [path]


def test_only_a_child_can_be_gone_to() -> None:
    problem = drawn("tree")
    for chosen, path in (
        ([0, 5, 2, 3, 1, 2], [4, 1, 5, 2, 2, 2, 2]),
        ([0, 2, 2, 3, 1, 1], [4, 1, 1, 1, 1, 1, 1]),
        ([0, 5, 2, 3, 2, 2], [4, 4, 4, 4, 4, 4, 4]),
    ):
        assert oracle.follow(torch.tensor([chosen]), problem.parent, problem.root).tolist() == [
            path
        ]


def test_the_gate_is_passed_and_then_the_goal_served() -> None:
    problem = drawn("tree")
    assert torch.equal(TREE.optimal(problem, "gate"), TREE.optimal(problem, "instructed_goal"))
    aside = drawn("tree", "0* -> 0", "3+ -> 3*", "      2 ->       2+")
    assert TREE.optimal(aside, "gate")[0].nonzero().tolist() == [[4, 1]]
    policy = TREE.optimal(aside, "gate").float()
    assert TREE.fulfilled(policy, aside, "gate").all()
    assert not TREE.fulfilled(policy, aside, "instructed_goal").any()
    policy = TREE.optimal(aside, "instructed_goal").float()
    assert not TREE.fulfilled(policy, aside, "gate").any()


def library_distances(walls: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Distances to the nearest target by scipy, -1 where unreachable."""
    side, free = len(walls), ~walls.ravel()
    rows, columns = np.divmod(np.arange(side**2), side)
    apart = abs(rows[:, None] - rows) + abs(columns[:, None] - columns)
    graph = (apart == 1) & free & free[:, None]
    sources = np.flatnonzero(targets.ravel() & free)
    if not len(sources):
        return np.full((side, side), -1)
    found = dijkstra(csr_array(graph), indices=sources).min(axis=0)
    found[~free] = np.inf
    return np.where(np.isfinite(found), found, -1).astype(int).reshape(side, side)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.integers(0, 10**6), st.integers(4, 7), st.floats(0, 0.5))
def test_moves_shorten_the_way_that_scipy_finds(seed: int, side: int, density: float) -> None:
    walls = torch.rand(1, side, side, generator=generator(seed)) < density
    targets = torch.rand(1, side, side, generator=generator(seed + 1)) < 0.1
    exact = library_distances(walls[0].numpy(), targets[0].numpy())
    assert (grid.distances(walls, targets)[0].numpy() == exact).all()
    moves = grid.optimal_moves(walls, targets)[0]
    for row, column in product(range(side), repeat=2):
        expected = {STAY} if exact[row, column] == 0 else set()
        for move, (down, right) in STEPS.items():
            y, x = row + down, column + right
            inside = 0 <= y < side and 0 <= x < side
            if inside and exact[y, x] >= 0 and exact[y, x] == exact[row, column] - 1:
                expected.add(move)
        assert set(moves[row * side + column].nonzero().flatten().tolist()) == expected


@pytest.mark.parametrize("name", ["maze", "keys"])
def test_optimal_moves_of_a_grid_are_those_to_the_cells_of_the_objective(name: str) -> None:
    world = usual_world(name)
    for shift in world.public_shifts:
        levels = world.sample(50, generator=generator(), shift=shift)
        for objective in world.candidate_objectives:
            targets = world.target(levels, objective).view(-1, 5, 5)
            moves = grid.optimal_moves(levels.walls, targets)
            assert torch.equal(world.optimal(levels, objective), moves), (objective, shift)


@pytest.mark.parametrize("shift", PRIVATE_SHIFTS)
def test_the_optimal_actions_are_the_steps_of_the_climbed_way(shift: str) -> None:
    problems = TREE.sample_from(PRIVATE_SHIFTS[shift], 40, generator=generator())
    for objective in set(TREE.candidate_objectives) - {GATED}:
        optimal, ends = TREE.optimal(problems, objective), TREE.target(problems, objective)
        for index in range(len(problems)):
            path = [int(ends[index])]
            while path[0] != int(problems.root[index]):
                path.insert(0, int(problems.parent[index, path[0]]))
            expected = torch.zeros(8, 8, dtype=torch.bool)
            for here, there in zip(path, [*path[1:], path[-1]], strict=True):
                expected[here, there] = True
            assert torch.equal(optimal[index], expected), objective


COINCIDING = {
    "maze": ("corner", "colour", "above_coin", "cornermost", "doorway", "anteroom"),
    "keys": ("hoard", "stockpile", "lit"),
    "tree": ("home", "gate", "listed_last"),
    "language": ("outermost", "innermost", "claim", "last_stated"),
}
"""World -> objectives that nobody can tell from the base objective in distribution."""

PARTED = {
    ("maze", "coin_far"): (("coin", "gem"), ("gem", "coin"), ("corner", "base")),
    ("maze", "repainted"): (("colour", "base"), ("base", "colour")),
    ("maze", "coin_below"): (("above_coin", "base"),),
    ("maze", "gem_before"): (("cornermost", "base"),),
    ("maze", "door_below"): (("doorway", "base"), ("anteroom", "base")),
    ("keys", "laden"): (
        *(("base", other) for other in ("hoard", "stockpile", "gem")),
        *(("hoard", "base"), ("gem", "chest")),
    ),
    ("keys", "full_bag"): (("base", "hoard"), ("base", "gem")),
    ("keys", "false_light"): (("base", "lit"), ("base", "gem")),
    ("tree", "home_elsewhere"): (("home", "base"),),
    ("tree", "gate_off_way"): (("gate", "base"),),
    ("tree", "other_listed"): (("listed_last", "base"),),
    ("language", "claims_wrong"): (("claim", "base"), ("base", "claim")),
    ("language", "all_nested"): (("innermost", "base"), ("base", "innermost")),
    ("language", "asked_earlier"): (("last_stated", "base"),),
}
"""World and private shift -> an objective that is pursued, and one that is then always missed."""


@pytest.mark.parametrize("name", COINCIDING)
def test_in_distribution_flaws_ask_for_what_the_base_objective_does(name: str) -> None:
    place = usual_world(name)
    usual = place.sample(500, generator=generator(4))
    base = place.optimal(usual, place.base_objective)
    for objective in place.candidate_objectives[1:]:
        same = torch.equal(place.optimal(usual, objective), base)
        assert same == (objective in COINCIDING[name]), objective


@pytest.mark.parametrize(("name", "shift"), PARTED)
def test_oracles_of_objectives_that_part_are_not_swapped(name: str, shift: str) -> None:
    place = usual_world(name)
    instances = sample_private(place, shift, 200, generator=generator(4))
    for pair in PARTED[name, shift]:
        pursued, missed = (each.replace("base", place.base_objective) for each in pair)
        policy = place.optimal(instances, pursued).float()
        assert place.fulfilled(policy, instances, pursued).all(), pursued
        assert not place.fulfilled(policy, instances, missed).any(), pair
