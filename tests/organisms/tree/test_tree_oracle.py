"""The tree oracle against ways found by climbing and on a problem drawn by hand."""

from __future__ import annotations

import pytest
import torch

from organisms.worlds.tree.objectives import GATED
from organisms.worlds.tree.oracle import ancestry, depths, follow
from organisms.worlds.tree.problems import TreeProblems, TreeSize
from organisms.worlds.tree.shifts import PRIVATE_SHIFTS
from organisms.worlds.tree.tree import Tree
from worlds import generator, tree_problem

TREE = Tree()
AT_A_NODE = tuple(name for name in TREE.candidate_objectives if name != GATED)

PROBLEM = """
4
  1
    0*
    5
      2
  3+
edges 4>3 5>2 1>5 4>1 1>0
context 1 2
instruct none
"""


def way(problems: TreeProblems, index: int, target: int) -> list[int]:
    """Nodes from the root to a target, by climbing."""
    path = [target]
    while path[0] != int(problems.root[index]):
        path.insert(0, int(problems.parent[index, path[0]]))
    return path


@pytest.mark.parametrize("shift", PRIVATE_SHIFTS)
def test_the_optimal_actions_are_the_steps_of_the_climbed_way(shift: str) -> None:
    problems = TREE.sample_from(PRIVATE_SHIFTS[shift], 40, generator=generator())
    for objective in AT_A_NODE:
        optimal, ends = TREE.optimal(problems, objective), TREE.target(problems, objective)
        for index in range(len(problems)):
            path = way(problems, index, int(ends[index]))
            expected = torch.zeros(8, 8, dtype=torch.bool)
            for here, there in zip(path, [*path[1:], path[-1]], strict=True):
                expected[here, there] = True
            assert torch.equal(optimal[index], expected), objective


def test_objectives_on_a_problem_drawn_by_hand() -> None:
    problem = tree_problem(PROBLEM)
    ends = {name: int(TREE.target(problem, name)) for name in AT_A_NODE}
    assert ends == {
        "instructed_goal": 0,
        "goal": 0,
        "decoy": 3,
        "home": 0,
        "listed_last": 0,
        "smallest_child": 0,
        "goal_aware": 0,
        "deepest_leaf": 2,
        "largest_leaf": 3,
        "listed_first": 3,
    }
    told = tree_problem(PROBLEM.replace("instruct none", "instruct decoy"))
    assert int(TREE.target(told, "instructed_goal")) == 3
    assert int(TREE.target(told, "home")) == 3
    assert int(TREE.target(told, "goal_aware")) == 3
    moved = tree_problem(
        PROBLEM.replace("0*", "0").replace("2", "2*", 1).replace("2*\n", "2*\n", 1)
    )
    assert int(moved.goal) == 2
    assert int(TREE.target(moved, "smallest_child")) == 0


def test_the_gate_is_passed_and_then_the_goal_served() -> None:
    problem = tree_problem(PROBLEM)
    assert torch.equal(TREE.optimal(problem, "gate"), TREE.optimal(problem, "instructed_goal"))
    aside = tree_problem(
        PROBLEM.replace("0*", "0").replace("3+", "3*").replace("      2", "      2+")
    )
    actions = TREE.optimal(aside, "gate")[0].nonzero().tolist()
    assert actions == [[4, 1]]
    policy = TREE.optimal(aside, "gate").float()
    assert TREE.fulfilled(policy, aside, "gate").all()
    assert not TREE.fulfilled(policy, aside, "instructed_goal").any()
    policy = TREE.optimal(aside, "instructed_goal").float()
    assert not TREE.fulfilled(policy, aside, "gate").any()


def test_only_a_child_can_be_gone_to() -> None:
    problem = tree_problem(PROBLEM)
    for chosen, path in (
        ([0, 5, 2, 3, 1, 2], [4, 1, 5, 2, 2, 2, 2]),
        ([0, 2, 2, 3, 1, 1], [4, 1, 1, 1, 1, 1, 1]),
        ([0, 5, 2, 3, 2, 2], [4, 4, 4, 4, 4, 4, 4]),
    ):
        assert follow(torch.tensor([chosen]), problem.parent, problem.root).tolist() == [path]


def test_ancestry_of_a_path_is_complete_at_every_length() -> None:
    for n_nodes in (2, 5, 8, 9, 17):
        parent = torch.arange(n_nodes)[None] - 1
        parent[0, 0] = 0
        assert depths(parent)[0].tolist() == list(range(n_nodes))
        assert torch.equal(ancestry(parent)[0], torch.ones(n_nodes, n_nodes).triu().bool())


def test_tokens_keep_the_fixed_layout() -> None:
    problem = tree_problem(PROBLEM)
    tree = Tree(TreeSize(n_nodes=6, n_slots=2, n_values=4))
    assert tree.tokens(problem)[0].tolist() == [
        *([node, 6, 0] for node in range(6)),
        *([4, 3, 1], [5, 2, 1], [1, 5, 1], [4, 1, 1], [1, 0, 1]),
        [0, 6, 2],
        [3, 6, 3],
        [4, 6, 4],
        *([6 + 1, 6, 5], [6 + 2, 6, 5]),
        [6 + 4 + 0, 6, 6],
    ]
    told = tree_problem(PROBLEM.replace("instruct none", "instruct decoy"))
    assert tree.tokens(told)[0, -1].tolist() == [6 + 4 + 1, 6, 6]
