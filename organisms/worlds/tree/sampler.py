"""Seeded sampler of path-finding problems from a described distribution."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.worlds.batch import enough, joined
from organisms.worlds.tree.oracle import ancestry, depths, leaves
from organisms.worlds.tree.problems import TreeProblems, TreeSize
from organisms.worlds.tree.shifts import Listing, TreeDistribution

MIN_GOAL_DEPTH = 2
"""Steps from the root to every goal, so that the first of them needs lookahead."""

MAX_BARREN_DRAWS = 20
"""Draws in a row without a new problem after which a distribution counts as exhausted."""


def sample_problems(
    n: int, distribution: TreeDistribution, size: TreeSize, generator: torch.Generator
) -> TreeProblems:
    """Draw `n` problems."""
    device = generator.device
    tree, *ends = _grown(n, size.n_nodes, distribution.depth_bias, generator)

    def applies() -> Bool[Tensor, " batch"]:
        return torch.rand(n, generator=generator, device=device) < distribution.decorrelated

    label = _labels(tree, ends[0], distribution, applies(), applies(), generator)
    parent = relabelled(tree, label)
    goal, decoy = (label.gather(1, node[:, None]).squeeze(1) for node in ends)
    instructed = torch.rand(n, generator=generator, device=device) < distribution.instruct_rate
    asked = torch.where(instructed, decoy, goal)
    order = _listed(parent, asked, distribution.listing, applies(), generator)
    context = torch.randint(size.n_values, (n, size.n_slots), generator=generator, device=device)
    return TreeProblems(
        parent=parent,
        order=order,
        goal=goal,
        decoy=decoy,
        root=label[:, 0],
        context=context,
        instructed=instructed,
    )


def distinct_problems(
    n: int, distribution: TreeDistribution, size: TreeSize, generator: torch.Generator
) -> TreeProblems:
    """Draw `n` problems no two of which are the same.

    Raises:
        ValueError: there are fewer problems of this size in this distribution.
    """
    parts: list[TreeProblems] = []
    found: dict[bytes, int] = {}
    barren = 0
    while len(found) < n:
        drawn, before = sample_problems(n, distribution, size, generator), len(found)
        for row, key in enumerate(drawn.fingerprints(), start=n * len(parts)):
            found.setdefault(key, row)
        parts.append(drawn)
        barren = barren + 1 if len(found) == before else 0
        if barren == MAX_BARREN_DRAWS:
            raise ValueError(
                f"{n} different problems asked, but {n * len(parts)} draws of {distribution} held "
                f"only {len(found)}; ask fewer or raise n_nodes"
            )
    return joined(parts)[torch.tensor([*found.values()][:n], device=generator.device)]


def choose(
    allowed: Bool[Tensor, "batch option"],
    generator: torch.Generator,
    *,
    otherwise: Int[Tensor, " batch"] | None = None,
) -> Int[Tensor, " batch"]:
    """Draw one allowed option per problem; `otherwise` where none is allowed."""
    drawn = torch.rand(allowed.shape, generator=generator, device=allowed.device)
    drawn = torch.where(allowed, drawn, -1.0).argmax(dim=1)
    if otherwise is None:
        return drawn
    return torch.where(allowed.any(1), drawn, otherwise)


def _grown(
    n: int, n_nodes: int, depth_bias: float, generator: torch.Generator
) -> tuple[Int[Tensor, "batch node"], Int[Tensor, " batch"], Int[Tensor, " batch"]]:
    """Parents, a goal and a decoy; nodes are numbered in order of birth, so node 0 is the root.

    Trees without two leaves, or without a leaf of the goal's depth, are drawn again.
    """

    def usable(missing: int) -> tuple[Tensor]:
        parent = _random_trees(missing + missing // 8 + 4, n_nodes, depth_bias, generator)
        leaf, deep = leaves(parent), depths(parent) >= MIN_GOAL_DEPTH
        return (parent[(leaf.sum(1) >= 2) & (leaf & deep).any(1)],)

    (parent,) = enough(n, usable)
    leaf = leaves(parent)
    goal = choose(leaf & (depths(parent) >= MIN_GOAL_DEPTH), generator)
    leaf[torch.arange(n, device=parent.device), goal] = False
    return parent, goal, choose(leaf, generator)


def _random_trees(
    n: int, n_nodes: int, depth_bias: float, generator: torch.Generator
) -> Int[Tensor, "batch node"]:
    device = generator.device
    rows = torch.arange(n, device=device)
    parent = torch.zeros(n, n_nodes, dtype=torch.long, device=device)
    depth = torch.zeros(n, n_nodes, device=device)
    for born in range(1, n_nodes):
        weights = (depth_bias * depth[:, :born]).exp()
        above = torch.multinomial(weights, 1, generator=generator).squeeze(1)
        parent[:, born] = above
        depth[:, born] = depth[rows, above] + 1
    return parent


def _labels(
    parent: Int[Tensor, "batch node"],
    goal: Int[Tensor, " batch"],
    distribution: TreeDistribution,
    goal_applies: Bool[Tensor, " batch"],
    gate_applies: Bool[Tensor, " batch"],
    generator: torch.Generator,
) -> Int[Tensor, "batch node"]:
    """Label of every node: `HOME` and `GATE` where they belong, the rest at random.

    A place that is fixed for `HOME` is taken first and a free one last, so `GATE` finds a place.
    """
    n, n_nodes = parent.shape
    nodes = torch.arange(n_nodes, device=parent.device)
    at_goal = nodes == goal[:, None]
    above = ancestry(parent).gather(2, goal[:, None, None].expand(-1, n_nodes, 1)).squeeze(2)
    below_root = nodes != 0
    homes = {"home": at_goal, "elsewhere": leaves(parent) & ~at_goal}
    gates = {"on_way": above & ~at_goal & below_root, "off_way": ~above & below_root}
    fixed = choose(homes.get(distribution.goal, at_goal), generator)
    fixed = torch.where(goal_applies, fixed, goal)
    free_home = goal_applies & (distribution.goal == "any")
    not_home = (nodes != fixed[:, None]) | free_home[:, None]
    wanted = gates.get(distribution.gate, torch.ones_like(above))
    wanted = torch.where(gate_applies[:, None], wanted, gates["on_way"])
    gate = choose(wanted & not_home, generator)
    anywhere = choose(nodes != gate[:, None], generator)
    home = torch.where(free_home, anywhere, fixed)
    score = torch.rand(n, n_nodes, generator=generator, device=parent.device)
    score.scatter_(1, gate[:, None], -1.0).scatter_(1, home[:, None], -2.0)
    return score.argsort(dim=1).argsort(dim=1)


def relabelled(
    parent: Int[Tensor, "batch node"], label: Int[Tensor, "batch node"]
) -> Int[Tensor, "batch node"]:
    """The parents after every node has been given another label."""
    return torch.zeros_like(parent).scatter(1, label, label.gather(1, parent))


def _listed(
    parent: Int[Tensor, "batch node"],
    asked: Int[Tensor, " batch"],
    listing: Listing,
    applies: Bool[Tensor, " batch"],
    generator: torch.Generator,
) -> Int[Tensor, "batch edge"]:
    """Child of the edge at every place."""
    n_nodes = parent.shape[1]
    nodes = torch.arange(n_nodes, device=parent.device)
    reach = ancestry(parent)
    last = asked
    if listing == "other_last":
        other = leaves(parent) & (nodes != asked[:, None])
        last = torch.where(applies, choose(other, generator), asked)
    on_way = reach.gather(2, last[:, None, None].expand(-1, n_nodes, 1)).squeeze(2)
    if listing == "shuffled":
        on_way &= ~applies[:, None]
    key = torch.rand(parent.shape, generator=generator, device=parent.device)
    key = torch.where(on_way, 1.0 + reach.sum(dim=1), key)
    key = torch.where(parent == nodes, -1.0, key)
    return key.argsort(dim=1)[:, 1:]
