"""Samplers, shifts, edits, counts and drawings of the tree environment."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import permutations, product

import pytest
import torch

from organisms.worlds.tree import (
    Tree,
    TreeDistribution,
    TreeProblems,
    TreeSize,
    parse,
)
from organisms.worlds.tree.counting import distinct_problems, n_problems, n_trees
from organisms.worlds.tree.oracle import ancestry, depths, leaves
from organisms.worlds.tree.private import PRIVATE_SHIFTS
from organisms.worlds.tree.sampler import GATE, HOME
from organisms.worlds.tree.shifts import IN_DISTRIBUTION, PUBLIC_SHIFTS

TREE = Tree()
N = 300


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def equal(a: TreeProblems, b: TreeProblems) -> set[str]:
    return {f.name for f in fields(a) if torch.equal(getattr(a, f.name), getattr(b, f.name))}


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


CHANGED = {
    "move_goal": {"goal"},
    "move_decoy": {"decoy"},
    "rewire": {"parent"},
    "shuffle_edges": {"order"},
    "relabel": {"parent", "order", "goal", "decoy", "root"},
    "change_context": {"context"},
}


@pytest.mark.parametrize("edit", TREE.edits)
def test_an_edit_changes_its_own_field_and_nothing_else(edit: str) -> None:
    before = TREE.sample(N, generator=generator())
    after = TREE.edit(edit, before, generator=generator(1))
    assert {f.name for f in fields(before)} - equal(before, after) == CHANGED[edit]
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


def test_drawings_read_back() -> None:
    problems = TREE.sample_from(PRIVATE_SHIFTS["home_elsewhere"], 20, generator=generator())
    for index in range(len(problems)):
        drawn = TREE.render(problems, index)
        again = parse(drawn)
        assert equal(again, problems[torch.tensor([index])]) == {f.name for f in fields(again)}
        assert TREE.render(again, 0) == drawn


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text.replace("*", ""), "exactly one node"),
        (lambda text: text.replace("edges ", "edges 0>0 "), "not those of the tree"),
        (lambda text: "\n".join(text.splitlines()[:-1]), "ends with"),
        (lambda text: text.replace("instruct none", "instruct goal"), "'decoy' or 'none'"),
        (lambda text: "9" + text, "labels 0 to 7"),
        (lambda text: "  " + text, "at most one level"),
    ],
)
def test_a_spoilt_drawing_is_refused(spoil, message: str) -> None:  # type: ignore[no-untyped-def]
    problems = TREE.sample_from(TreeDistribution(instruct_rate=0.0), 1, generator=generator())
    with pytest.raises(ValueError, match=message):
        parse(spoil(TREE.render(problems, 0)))


def test_a_fingerprint_ignores_edge_order_and_context_only() -> None:
    problems = TREE.sample(50, generator=generator())
    keys = problems.fingerprints()
    for edit in ("shuffle_edges", "change_context"):
        assert TREE.edit(edit, problems, generator=generator(1)).fingerprints() == keys
    swapped = replace(problems, goal=problems.decoy, decoy=problems.goal)
    told = replace(problems, instructed=~problems.instructed)
    rewired = TREE.edit("relabel", problems, generator=generator(2))
    for other in (swapped, told, rewired):
        assert not set(keys) & set(other.fingerprints())


def brute_force(n_nodes: int) -> tuple[int, dict[int, int]]:
    """Problems and trees by number of leaves, by listing every parent array."""
    problems, trees = 0, dict.fromkeys(range(1, n_nodes), 0)
    for parent in product(range(n_nodes), repeat=n_nodes):
        roots = [node for node in range(n_nodes) if parent[node] == node]
        if len(roots) != 1:
            continue
        ends = []
        for node in range(n_nodes):
            steps = 0
            while node != roots[0] and steps <= n_nodes:
                node, steps = parent[node], steps + 1
            ends.append(node == roots[0])
        if not all(ends):
            continue
        tips = [v for v in range(n_nodes) if v not in parent]
        trees[len(tips)] += 1
        problems += 2 * sum(parent[goal] != roots[0] for goal, _ in permutations(tips, 2))
    return problems, trees


def test_counts_agree_with_a_list_of_every_tree() -> None:
    problems, trees = brute_force(5)
    assert n_problems(5) == problems == 2160
    assert {k: n_trees(5, k) for k in trees} == trees
    assert sum(n_trees(8, k) for k in range(1, 8)) == 8**7


def test_a_small_world_can_be_drawn_out_and_no_further() -> None:
    size = TreeSize(n_nodes=5)
    anything = TreeDistribution(goal="any", gate="any", listing="shuffled", instruct_rate=0.5)
    drawn = distinct_problems(1500, anything, size=size, generator=generator())
    assert len(set(drawn.fingerprints())) == len(drawn) == 1500
    with pytest.raises(ValueError, match="allow only 2160"):
        distinct_problems(2161, anything, size=size, generator=generator())
    with pytest.raises(ValueError, match="held only"):
        distinct_problems(2000, IN_DISTRIBUTION, size=size, generator=generator())


@pytest.mark.parametrize(
    "call",
    [
        lambda: TreeSize(n_nodes=4),
        lambda: TreeDistribution(depth_bias=3.0),
        lambda: TreeDistribution(goal="elsewhere", gate="off_way"),
        lambda: TREE.sample(0, generator=generator()),
        lambda: TREE.sample(1, generator=generator(), shift="nowhere"),
        lambda: TREE.edit("fell", TREE.sample(1, generator=generator()), generator=generator()),
        lambda: TREE.optimal(TREE.sample(1, generator=generator()), "fame"),
    ],
)
def test_bad_input_is_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises((ValueError, KeyError)):
        call()
