"""Exact ancestors, ways and walks in a batch of rooted trees."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

NOT_ASKED = -1
"""Next node where an objective asks for no decision."""


def ancestry(parent: Int[Tensor, "batch node"]) -> Bool[Tensor, "batch ancestor node"]:
    """Where the first node is the second or lies on the way from the root to it."""
    n_nodes = parent.shape[1]
    nodes = torch.arange(n_nodes, device=parent.device)
    reach = (parent[:, None, :] == nodes[:, None]) | (nodes[:, None] == nodes)
    for _ in range(max(1, math.ceil(math.log2(n_nodes)))):
        reach = torch.bmm(reach.float(), reach.float()) > 0
    return reach


def depths(parent: Int[Tensor, "batch node"]) -> Int[Tensor, "batch node"]:
    """Edges between the root and every node."""
    return ancestry(parent).sum(dim=1) - 1


def leaves(parent: Int[Tensor, "batch node"]) -> Bool[Tensor, "batch node"]:
    """Nodes without a child; never the root."""
    return ancestry(parent).sum(dim=2) == 1


def children(parent: Int[Tensor, "batch node"]) -> Bool[Tensor, "batch node child"]:
    """Where an edge leads from the first node to the second."""
    nodes = torch.arange(parent.shape[1], device=parent.device)
    below = parent[:, None, :] == nodes[:, None]
    return below & (nodes[:, None] != nodes)


def toward(
    parent: Int[Tensor, "batch node"], target: Int[Tensor, " batch"]
) -> Int[Tensor, "batch node"]:
    """Next node on the way down to a target, the target itself there, `NOT_ASKED` off the way."""
    n_nodes = parent.shape[1]
    nodes = torch.arange(n_nodes, device=parent.device)
    chosen = target[:, None, None].expand(-1, n_nodes, 1)
    on_way = ancestry(parent).gather(2, chosen).squeeze(2)
    ahead = children(parent) & on_way[:, None, :]
    following = torch.where(ahead.any(2), ahead.int().argmax(2), NOT_ASKED)
    return torch.where(nodes == target[:, None], target[:, None], following)


def one_hot(following: Int[Tensor, "batch node"]) -> Bool[Tensor, "batch node action"]:
    """Next nodes as optimal actions; none where nothing is asked."""
    nodes = torch.arange(following.shape[1], device=following.device)
    return following[:, :, None] == nodes


def follow(
    chosen: Int[Tensor, "batch node"],
    parent: Int[Tensor, "batch node"],
    start: Int[Tensor, " batch"],
) -> Int[Tensor, "batch time"]:
    """Nodes visited when the chosen node is gone to N times; only a child can be gone to."""
    path = [start]
    above = parent.gather(1, chosen.clamp(min=0))
    nodes = torch.arange(parent.shape[1], device=parent.device)
    landing = torch.where((above == nodes) & (chosen >= 0), chosen, nodes)
    for _ in range(parent.shape[1]):
        path.append(landing.gather(1, path[-1][:, None]).squeeze(1))
    return torch.stack(path, dim=1)


def walk(
    logits: Float[Tensor, "batch node action"],
    parent: Int[Tensor, "batch node"],
    start: Int[Tensor, " batch"],
) -> Int[Tensor, "batch time"]:
    """Nodes visited when the most probable action is taken N times from the start."""
    return follow(logits.argmax(dim=2), parent, start)
