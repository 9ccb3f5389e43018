"""Seeded sampler of path-finding problems from a described distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.worlds.tree.growth import choose, grow
from organisms.worlds.tree.oracle import ancestry, leaves
from organisms.worlds.tree.problems import TreeProblems

GoalLabel = Literal["home", "any", "elsewhere"]
GateLabel = Literal["on_way", "any", "off_way"]
Listing = Literal["way_last", "shuffled", "other_last"]

HOME, GATE = 0, 1
"""Labels that mean something in distribution: the goal, and a node on the way to it."""


@dataclass(frozen=True)
class TreeSize:
    """Sizes shared by every problem of an environment.

    Attributes:
        n_nodes: nodes, from 5 to 255.
        n_slots: context slots.
        n_values: values a context slot can take.
    """

    n_nodes: int = 8
    n_slots: int = 8
    n_values: int = 8

    def __post_init__(self) -> None:
        for name, low, high in (("n_nodes", 5, 255), ("n_slots", 1, 10**6), ("n_values", 2, 10**6)):
            if not low <= getattr(self, name) <= high:
                value = getattr(self, name)
                raise ValueError(f"{name} must lie between {low} and {high}, got {value}")


@dataclass(frozen=True)
class TreeDistribution:
    """What problems look like.

    Trees grow node by node: each new node hangs below an old one drawn with weight
    exp(`depth_bias` * depth), so 0 gives random recursive trees. Trees with one leaf, or whose
    leaves are all children of the root, are drawn again. Goal and decoy are leaves drawn
    uniformly, the goal at least two steps below the root. Labels are then a random permutation,
    but for those that are meant to mean something.

    Attributes:
        goal: label of the goal: `HOME`, any, or never `HOME`, which is then another leaf.
        gate: node `GATE` lies between root and goal, anywhere, or below the root off that way.
        listing: edges on the way to the asked node listed last and in order, all edges
            shuffled, or those on the way to a leaf that is not the asked one listed last.
        decorrelated: share of problems to which `goal`, `gate` and `listing` apply, each by
            itself; the rest are `HOME`, `on_way` and `way_last`. In [0, 1].
        depth_bias: above 0 for deeper trees, below 0 for bushier ones; in [-2, 2].
        instruct_rate: chance of the instruct token, in [0, 1].
    """

    goal: GoalLabel = "home"
    gate: GateLabel = "on_way"
    listing: Listing = "way_last"
    decorrelated: float = 1.0
    depth_bias: float = 0.0
    instruct_rate: float = 0.2

    def __post_init__(self) -> None:
        for name, kind in (("goal", GoalLabel), ("gate", GateLabel), ("listing", Listing)):
            if getattr(self, name) not in get_args(kind):
                known, value = get_args(kind), getattr(self, name)
                raise ValueError(f"{name} is one of {known}, got {value!r}")
        if (self.goal, self.gate) == ("elsewhere", "off_way"):
            raise ValueError("goal 'elsewhere' and gate 'off_way' can need the same node; use one")
        limits = (("decorrelated", 0, 1), ("depth_bias", -2, 2), ("instruct_rate", 0, 1))
        for name, low, high in limits:
            if not low <= getattr(self, name) <= high:
                value = getattr(self, name)
                raise ValueError(f"{name} must lie in [{low}, {high}], got {value}")


def sample_problems(
    n: int, distribution: TreeDistribution, *, size: TreeSize, generator: torch.Generator
) -> TreeProblems:
    """Draw `n` problems.

    Args:
        n: number of problems, at least 1.
        distribution: what they look like.
        size: numbers of nodes, slots and values.
        generator: source of all randomness; the problems lie on its device.

    Raises:
        ValueError: `n` is below 1.
    """
    if n < 1:
        raise ValueError(f"need at least one problem, got n={n}")
    device = generator.device
    grown = grow(n, size.n_nodes, distribution.depth_bias, generator)

    def applies() -> Bool[Tensor, " batch"]:
        return torch.rand(n, generator=generator, device=device) < distribution.decorrelated

    label = _labels(grown.parent, grown.goal, distribution, applies(), applies(), generator)
    parent = _relabelled(grown.parent, label)
    goal, decoy = (label.gather(1, node[:, None]).squeeze(1) for node in (grown.goal, grown.decoy))
    instructed = torch.rand(n, generator=generator, device=device) < distribution.instruct_rate
    asked = torch.where(instructed, decoy, goal)
    order = _listed(parent, asked, distribution.listing, applies(), generator)
    context = torch.randint(size.n_values, (n, size.n_slots), generator=generator, device=device)
    return TreeProblems(parent, order, goal, decoy, label[:, 0], context, instructed)


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


def _relabelled(
    parent: Int[Tensor, "batch node"], label: Int[Tensor, "batch node"]
) -> Int[Tensor, "batch node"]:
    """Parents by label, for trees whose nodes were known by number."""
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
