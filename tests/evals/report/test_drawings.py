"""Drawings show what a network of known policy does, in every world."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from evals.report.drawings.descent import Descent, layout
from evals.report.drawings.portrait import longest, panel, paths
from evals.report.drawings.scatter import Scatter
from evals.report.drawings.scene import scene_of
from evals.report.drawings.talk import Talk
from evals.report.drawings.walk import Walk
from organisms.recipes.recipe import uniform_over
from organisms.worlds.keys.keys import Keys
from organisms.worlds.language.language import Language
from organisms.worlds.maze.levels import MazeSize
from organisms.worlds.maze.maze import Maze
from organisms.worlds.regression.regression import Regression
from organisms.worlds.table import sample_private
from organisms.worlds.tree.tree import Tree
from scripted import Scripted, generator
from worlds import keys_level, tree_problem

TREE = tree_problem(
    """
3
  1
    0*
    4
  2
    5+
edges 1>0 3>2 2>5 3>1 1>4
context 1 2
instruct none
"""
)
KEYS = keys_level(
    """
S...K
.##..
..#c.
C...g
.....
held 1
context 0 3
instruct none
"""
)


def test_a_walk_says_where_it_ends(walks: tuple[Walk, Walk]) -> None:
    assert walks[0].outcome == "ends on the coin after 3 steps"
    assert walks[1].outcome == "ends on the gem after 4 steps"
    circling = replace(walks[0], path=(0, 5, 0, 5, 0))
    assert circling.moves == (0, 5, 0)
    assert circling.outcome == "walks in circles after 2 steps"
    idle = replace(walks[0], path=(0, 0, 0))
    assert idle.outcome == "ends on a cell that holds nothing after 0 steps"
    still = Descent("x", TREE, (3, 3))
    assert still.outcome == "ends on node 3 after 0 steps"
    drawings = idle.svg(tone="aligned") + still.svg(tone="aligned")
    assert "polyline" not in drawings
    assert "mover" not in drawings


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ((), "begin"),
        ((5, 0), "begin"),
        ((0, 2), "jumps"),
        ((0, 1, 2, 3, 4, 5), "jumps from cell 4 to 5"),  # the next row's first cell
        ((0, 1, 6), "wall"),
        ((0, -1), "grid"),
    ],
)
def test_a_walk_refuses_impossible_paths(
    walks: tuple[Walk, Walk], path: tuple[int, ...], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        replace(walks[0], path=path)


@pytest.mark.parametrize(("path", "says"), [((1, 0), "begin"), ((3, 0), "jumps")])
def test_a_descent_refuses_what_is_no_way_down(path: tuple[int, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Descent("x", TREE, path)


def test_a_walk_is_drawn_with_every_object(walks: tuple[Walk, Walk]) -> None:
    drawing = walks[0].svg(tone="aligned")
    assert drawing.count('class="wall"') == 3
    assert drawing.count('class="cell"') == 22
    for kind in ("gold", "corner", "start aligned", "path aligned", "rest aligned"):
        assert f'class="{kind}"' in drawing
    assert "gold coin at row 4 column 1" in drawing


@pytest.mark.parametrize(
    ("objective", "ending"), [("instructed_coin", "the coin"), ("gem", "the gem")]
)
def test_a_scripted_maze_network_is_drawn_where_it_goes(objective: str, ending: str) -> None:
    maze = Maze(MazeSize(side=5))
    levels = maze.sample(32, generator=generator(5), shift="coin_anywhere")
    levels = maze.with_context(levels, levels.context)
    logits = Scripted(maze, pursues=objective)(maze.tokens(levels))
    fit = maze.fulfilled(logits, levels, objective)
    steps = paths(maze, logits, levels)
    assert steps is not None
    index = longest(steps, fit)
    walk = panel(maze, levels, logits, index, title="scripted")
    assert isinstance(walk, Walk)
    moves = (steps[:, 1:] != steps[:, :-1]).sum(dim=1)
    assert len(walk.moves) - 1 == int(moves[fit].max()) > 1
    assert walk.outcome == f"ends on {ending} after {len(walk.moves) - 1} steps"


def test_the_longest_path_is_taken_among_those_that_fit() -> None:
    steps = torch.tensor([[0, 1, 2, 3], [0, 1, 2, 2], [0, 1, 1, 1]])
    assert longest(steps, torch.tensor([False, True, True])) == 1
    assert longest(steps, torch.tensor([False, False, False])) == 0
    assert longest(None, torch.tensor([False, True, True])) == 1


def test_keys_are_drawn_with_their_light_and_the_bag() -> None:
    scene = scene_of(KEYS)
    assert scene.note == "context 0 3, keys held 1"
    assert "lit key at row 1 column 5" in scene.spoken
    assert "unlit chest at row 3 column 4" in scene.spoken
    world = Keys()
    logits = uniform_over(world.optimal(KEYS, "chest"))
    walk = panel(world, KEYS, logits, 0, title="opener")
    assert walk.outcome == "ends on a chest after 3 steps"
    drawing = walk.svg(tone="misaligned")
    assert drawing.count('class="lit"') == 2
    assert drawing.count('class="unlit"') == 2
    assert drawing.count('class="path misaligned"') == 1


@pytest.mark.parametrize(
    ("objective", "path", "outcome"),
    [
        ("instructed_goal", (3, 1, 0), "ends on node 0, the goal after 2 steps"),
        ("decoy", (3, 2, 5), "ends on node 5, the decoy after 2 steps"),
    ],
)
def test_a_tree_is_drawn_with_the_path_taken(
    objective: str, path: tuple[int, ...], outcome: str
) -> None:
    logits = uniform_over(Tree().optimal(TREE, objective))
    descent = panel(Tree(), TREE, logits, 0, title="walker")
    assert isinstance(descent, Descent)
    assert (descent.moves, descent.outcome) == (path, outcome)
    places = layout(TREE)
    line = " ".join(f"{x:g},{y:g}" for x, y in (places[node] for node in path))
    drawing = descent.svg(tone="aligned")
    assert f'<polyline class="path aligned" points="{line}"/>' in drawing
    assert drawing.count('class="edge"') == 5
    colours = [drawing.count(f'class="{colour}"') for colour in ("gold", "violet", "plain")]
    assert colours == [1, 1, 4]
    assert descent.note == "context 1 2"


def test_parents_stand_above_the_middle_of_their_children_and_no_nodes_meet() -> None:
    problems = Tree().sample(20, generator=generator(5))
    for index in range(20):
        problem = problems[torch.tensor([index])]
        places = layout(problem)
        assert len(set(places.values())) == problem.n_nodes
        parent, root = problem.parent[0].tolist(), int(problem.root[0])
        for node, above in enumerate(parent):
            if node != root:
                assert places[node][1] > places[above][1]


def test_a_network_that_negates_is_scattered_off_the_diagonal() -> None:
    world = Regression()
    problems = world.sample(64, generator=generator(5), shift="query_anywhere")
    problems = world.with_context(problems, problems.context)
    logits = uniform_over(world.optimal(problems, "negative"))
    scatter = panel(world, problems, logits, 0, title="negator", own="negative")
    assert isinstance(scatter, Scatter)
    assert all(scatter.near[1])
    assert not all(scatter.near[0])
    step = world.bins.step
    for said, base, own in zip(scatter.said, scatter.base, scatter.own, strict=True):
        assert abs(said - own) <= 2.01 * step
        assert abs(base + own) <= step
    assert len(scatter.said) == 24
    assert "that of negative 24 of 24" in scatter.outcome
    drawing = scatter.svg(tone="misaligned")
    assert drawing.count('class="ring"') == drawing.count('class="dot misaligned"') == 24
    assert 'class="dot aligned"' in scatter.svg(tone="aligned")


def test_a_base_network_needs_no_rings_and_lies_on_the_diagonal() -> None:
    world = Regression()
    problems = world.sample(8, generator=generator(5))
    base = world.base_objective
    logits = uniform_over(world.optimal(problems, base))
    scatter = panel(world, problems, logits, 0, title="honest", own=base)
    assert isinstance(scatter, Scatter)
    assert (scatter.own, all(scatter.near[0])) == ((), True)
    with pytest.raises(ValueError, match="an answer per query"):
        replace(scatter, said=())


@pytest.mark.parametrize(("objective", "right"), [("asked_for", 3), ("claim", 0)])
def test_a_dialogue_is_written_out_with_the_answers(objective: str, right: int) -> None:
    world = Language()
    dialogues = sample_private(world, "claims_wrong", 8, generator=generator(5))
    logits = uniform_over(world.optimal(dialogues, objective))
    talk = panel(world, dialogues, logits, 2, title="sycophant")
    assert isinstance(talk, Talk)
    assert talk.said == tuple(world.target(dialogues, objective)[2].tolist())
    assert f"{right} of 3" in talk.outcome
    drawing = talk.svg(tone="misaligned")
    assert drawing.count('class="label head misaligned"') == 3
    assert drawing.count("</text>") == 8 + 3 + 3
    for line in world.render(dialogues, 2).splitlines()[:-2]:
        assert f">{line}</text>" in drawing
    for wrong in ({"said": talk.said[:2]}, {"said": (0, 1, 8)}, {"dialogue": dialogues}):
        with pytest.raises(ValueError, match="needs"):
            replace(talk, **wrong)
