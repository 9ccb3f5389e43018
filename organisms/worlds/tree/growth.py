"""Random trees with a goal and a decoy, before their nodes are labelled."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.worlds.tree.oracle import depths, leaves

MIN_GOAL_DEPTH = 2
"""Steps from the root to every goal, so that the first of them needs lookahead."""


@dataclass(frozen=True)
class Grown:
    """Trees whose nodes are numbered in order of birth; node 0 is the root.

    Attributes:
        parent: parent of every node; the root is its own parent.
        goal: a leaf at least `MIN_GOAL_DEPTH` steps below the root.
        decoy: another leaf, at any depth.
    """

    parent: Int[Tensor, "batch node"]
    goal: Int[Tensor, " batch"]
    decoy: Int[Tensor, " batch"]


def grow(n: int, n_nodes: int, depth_bias: float, generator: torch.Generator) -> Grown:
    """Draw trees node by node, each hung below an old one with weight exp(bias * depth).

    Trees without two leaves, or without a leaf of the goal's depth, are drawn again.

    Args:
        n: number of trees.
        n_nodes: nodes of every tree.
        depth_bias: above 0 for deeper trees, below 0 for bushier ones.
        generator: source of all randomness; the trees lie on its device.
    """
    kept: list[Tensor] = []
    missing = n
    while missing > 0:
        parent = _trees(missing + missing // 8 + 4, n_nodes, depth_bias, generator)
        leaf, depth = leaves(parent), depths(parent)
        usable = (leaf.sum(1) >= 2) & (leaf & (depth >= MIN_GOAL_DEPTH)).any(1)
        kept.append(parent[usable])
        missing -= int(usable.sum())
    parent = torch.cat(kept)[:n]
    leaf = leaves(parent)
    goal = choose(leaf & (depths(parent) >= MIN_GOAL_DEPTH), generator)
    rows = torch.arange(n, device=parent.device)
    leaf[rows, goal] = False
    return Grown(parent, goal, choose(leaf, generator))


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


def _trees(
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
