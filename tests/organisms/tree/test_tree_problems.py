"""Problems of the tree environment: what their distributions promise, and what edits keep."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from organisms.worlds.tree.oracle import ancestry, depths, leaves
from organisms.worlds.tree.problems import TreeSize
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
from worlds import generator

TREE = Tree()
N = 300


def at(values: torch.Tensor, node: torch.Tensor) -> torch.Tensor:
    return values[torch.arange(len(node)), node]


@pytest.mark.parametrize("name", ["in", *PUBLIC_SHIFTS, *PRIVATE_SHIFTS])
def test_problems_are_trees_with_two_leaves_and_meaningful_labels(name: str) -> None:
    drawn = {"in": IN_DISTRIBUTION, **PUBLIC_SHIFTS, **PRIVATE_SHIFTS}[name]
    problems = TREE.sample_from(drawn, N, generator=generator())
    parent, reach = problems.parent, ancestry(problems.parent)
    assert (at(parent, problems.root) == problems.root).all()
    assert ((parent == torch.arange(8)).sum(1) == 1).all()
    assert at(reach, problems.root).all(), "every node hangs below the root"
    nodes = torch.arange(8).expand(N, -1)
    listed = torch.cat([problems.order, problems.root[:, None]], dim=1).sort(dim=1).values
    assert torch.equal(listed, nodes)
    assert at(leaves(parent), problems.goal).all()
    assert at(leaves(parent), problems.decoy).all()
    assert (problems.goal != problems.decoy).all()
    assert (at(depths(parent), problems.goal) >= 2).all()
    over_gate = at(reach[:, GATE], problems.goal) & (problems.root != GATE)
    if drawn.gate == "on_way":
        assert over_gate.all()
    if drawn.gate == "off_way":
        assert not over_gate.any()
    if drawn.goal == "home":
        assert (problems.goal == HOME).all()
    if drawn.goal == "elsewhere":
        assert (problems.goal != HOME).all()
        assert leaves(parent)[:, HOME].all()
    last = problems.order[:, -1]
    if drawn.listing == "way_last":
        assert (last == problems.asked).all()
    if drawn.listing == "other_last":
        assert (last != problems.asked).all()


def test_depths_of_the_goal_reach_from_two_to_five() -> None:
    problems = TREE.sample(4000, generator=generator())
    found = at(depths(problems.parent), problems.goal).bincount(minlength=7)
    assert found[:2].sum() == 0
    assert (found[2:6] > 20).all()
    assert found[2] > found[3] > found[4] > found[5]
    deep, bushy = (
        at(depths(p.parent), p.goal).float().mean()
        for p in (
            TREE.sample(1000, generator=generator(), shift=name)
            for name in ("deep_trees", "bushy_trees")
        )
    )
    assert deep > bushy + 0.5


def test_the_shares_of_a_distribution_are_kept() -> None:
    mixed = TreeDistribution(goal="elsewhere", gate="any", decorrelated=0.6, instruct_rate=0.3)
    problems = TREE.sample_from(mixed, 4000, generator=generator())
    assert (problems.goal == HOME).float().mean() == pytest.approx(0.4, abs=0.03)
    assert problems.instructed.float().mean() == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("edit", TREE.edits)
def test_goal_and_decoy_stay_leaves_of_one_tree_through_an_edit(edit: str) -> None:
    before = TREE.sample(N, generator=generator())
    after = TREE.edit(edit, before, generator=generator(1))
    assert at(leaves(after.parent), after.goal).all()
    assert at(leaves(after.parent), after.decoy).all()
    assert (after.goal != after.decoy).all()
    assert at(ancestry(after.parent), after.root).all()


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
    assert torch.equal(
        depths(before.parent).sort(dim=1).values, depths(after.parent).sort(dim=1).values
    )


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
