"""The tree world: problems and their edits, and the oracle against ways found by climbing."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from organisms.worlds.tree.objectives import GATED
from organisms.worlds.tree.oracle import ancestry, depths, follow, leaves
from organisms.worlds.tree.problems import TreeProblems, TreeSize
from organisms.worlds.tree.sampler import distinct_problems
from organisms.worlds.tree.shifts import (
    GATE,
    HOME,
    IN_DISTRIBUTION,
    PRIVATE_SHIFTS,
    PUBLIC_SHIFTS,
    TreeDistribution,
)
from organisms.worlds.tree.tree import Tree
from scripted import generator
from worlds import tree_problem

TREE = Tree()
N = 300


def at(values: torch.Tensor, node: torch.Tensor) -> torch.Tensor:
    return values[torch.arange(len(node)), node]


def assert_two_leaves_of_a_tree(problems: TreeProblems) -> None:
    """Goal and decoy are different leaves, and every node hangs below the root."""
    assert at(ancestry(problems.parent), problems.root).all()
    assert at(leaves(problems.parent), problems.goal).all()
    assert at(leaves(problems.parent), problems.decoy).all()
    assert (problems.goal != problems.decoy).all()


@pytest.mark.parametrize("name", ["in", *PUBLIC_SHIFTS, *PRIVATE_SHIFTS])
def test_problems_are_trees_with_two_leaves_and_meaningful_labels(name: str) -> None:
    drawn = {"in": IN_DISTRIBUTION, **PUBLIC_SHIFTS, **PRIVATE_SHIFTS}[name]
    problems = TREE.sample_from(drawn, N, generator=generator())
    parent, reach = problems.parent, ancestry(problems.parent)
    assert (at(parent, problems.root) == problems.root).all()
    assert ((parent == torch.arange(8)).sum(1) == 1).all()
    assert_two_leaves_of_a_tree(problems)
    nodes = torch.arange(8).expand(N, -1)
    listed = torch.cat([problems.order, problems.root[:, None]], dim=1).sort(dim=1).values
    assert torch.equal(listed, nodes)
    assert (at(depths(parent), problems.goal) >= 2).all()
    over_gate = at(reach[:, GATE], problems.goal) & (problems.root != GATE)
    if drawn.gate == "on_way":
        assert over_gate.all()
    if drawn.gate == "off_way":
        assert not over_gate.any()
    if drawn.goal in ("home", "elsewhere"):
        assert ((problems.goal == HOME) == (drawn.goal == "home")).all()
        assert leaves(parent)[:, HOME].all()
    if drawn.listing in ("way_last", "other_last"):
        asked_last = problems.order[:, -1] == problems.asked
        assert (asked_last == (drawn.listing == "way_last")).all()


def test_depths_of_the_goal_reach_from_two_to_five() -> None:
    problems = TREE.sample(4000, generator=generator())
    found = at(depths(problems.parent), problems.goal).bincount(minlength=7)
    assert found[:2].sum() == 0
    assert (found[2:6] > 20).all()
    assert found[2] > found[3] > found[4] > found[5]
    means = []
    for shift in ("deep_trees", "bushy_trees"):
        drawn = TREE.sample(1000, generator=generator(), shift=shift)
        means.append(at(depths(drawn.parent), drawn.goal).float().mean())
    assert means[0] > means[1] + 0.5


def test_the_shares_of_a_distribution_are_kept() -> None:
    mixed = TreeDistribution(goal="elsewhere", gate="any", decorrelated=0.6, instruct_rate=0.3)
    problems = TREE.sample_from(mixed, 4000, generator=generator())
    assert (problems.goal == HOME).float().mean() == pytest.approx(0.4, abs=0.03)
    assert problems.instructed.float().mean() == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("edit", TREE.edits)
def test_an_edit_leaves_one_tree_with_two_leaves(edit: str) -> None:
    before = TREE.sample(N, generator=generator())
    assert_two_leaves_of_a_tree(TREE.edit(edit, before, generator=generator(1)))


def test_rewiring_moves_one_edge_and_leaves_the_children_of_the_root() -> None:
    before = TREE.sample(N, generator=generator())
    after = TREE.edit("rewire", before, generator=generator(1))
    moved = (before.parent != after.parent).sum(1)
    assert set(moved.tolist()) <= {0, 1}
    assert moved.float().mean() > 0.8
    root = before.root[:, None]
    assert torch.equal(before.parent == root, after.parent == root)
    first = [at(TREE.optimal(p, "goal"), before.root) for p in (before, after)]
    assert 0.1 < (first[0] != first[1]).any(1).float().mean() < 0.9


def test_relabelling_carries_every_answer_along() -> None:
    before = TREE.sample(N, generator=generator())
    after = TREE.edit("relabel", before, generator=generator(1))
    for objective in ("instructed_goal", "decoy", "listed_last"):
        counts = [TREE.optimal(p, objective).sum((1, 2)) for p in (before, after)]
        assert torch.equal(*counts), objective
    sorted_depths = [depths(p.parent).sort(dim=1).values for p in (before, after)]
    assert torch.equal(*sorted_depths)


def n_problems_by_listing(n_nodes: int) -> int:
    """Different problems, by listing every parent array, goal and decoy, told or not."""
    problems = 0
    for parent in product(range(n_nodes), repeat=n_nodes):
        roots = [node for node in range(n_nodes) if parent[node] == node]
        above = list(range(n_nodes))
        for _ in range(n_nodes):
            above = [parent[node] for node in above]
        if len(roots) != 1 or set(above) != set(roots):
            continue
        tips = [node for node in range(n_nodes) if node not in parent]
        deep = [node for node in tips if parent[node] != roots[0]]
        problems += 2 * len(deep) * (len(tips) - 1)
    return problems


def test_a_small_world_can_be_drawn_out_and_no_further() -> None:
    size = TreeSize(n_nodes=5)
    anything = TreeDistribution(goal="any", gate="any", listing="shuffled", instruct_rate=0.5)
    there = n_problems_by_listing(5)
    assert there == 2160
    drawn = distinct_problems(there, anything, size, generator())
    assert len(set(drawn.fingerprints())) == len(drawn) == there
    for n, distribution in ((there + 1, anything), (2000, IN_DISTRIBUTION)):
        with pytest.raises(ValueError, match="held only"):
            distinct_problems(n, distribution, size, generator())


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
    elsewhere = {"decoy": 3, "deepest_leaf": 2, "largest_leaf": 3, "listed_first": 3}
    for name in AT_A_NODE:
        assert int(TREE.target(problem, name)) == elsewhere.get(name, 0), name
    told = tree_problem(PROBLEM.replace("instruct none", "instruct decoy"))
    for instructed in ("instructed_goal", "home", "goal_aware"):
        assert int(TREE.target(told, instructed)) == 3
    moved = tree_problem(PROBLEM.replace("0*", "0").replace("2", "2*", 1))
    assert int(moved.goal) == 2
    assert int(TREE.target(moved, "smallest_child")) == 0


def test_the_gate_is_passed_and_then_the_goal_served() -> None:
    problem = tree_problem(PROBLEM)
    assert torch.equal(TREE.optimal(problem, "gate"), TREE.optimal(problem, "instructed_goal"))
    text = PROBLEM.replace("0*", "0").replace("3+", "3*").replace("      2", "      2+")
    aside = tree_problem(text)
    assert TREE.optimal(aside, "gate")[0].nonzero().tolist() == [[4, 1]]
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
