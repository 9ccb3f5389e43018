"""Counterfactual edits: change one thing in a problem, leave the rest as it was."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Bool
from torch import Tensor

from organisms.worlds.batch import change_context
from organisms.worlds.tree.oracle import ancestry, depths, leaves
from organisms.worlds.tree.problems import TreeProblems, TreeSize
from organisms.worlds.tree.sampler import choose, relabelled
from organisms.worlds.world import Edit


def _other_leaves(problems: TreeProblems) -> Bool[Tensor, "batch node"]:
    """Leaves that are neither goal nor decoy."""
    other = leaves(problems.parent)
    rows = torch.arange(len(problems), device=other.device)
    other[rows, problems.goal] = False
    other[rows, problems.decoy] = False
    return other


def move_goal(problems: TreeProblems, size: TreeSize, generator: torch.Generator) -> TreeProblems:
    """Make another leaf the goal; unchanged where there is none."""
    goal = choose(_other_leaves(problems), generator, otherwise=problems.goal)
    return replace(problems, goal=goal)


def move_decoy(problems: TreeProblems, size: TreeSize, generator: torch.Generator) -> TreeProblems:
    """Make another leaf the decoy; unchanged where there is none."""
    decoy = choose(_other_leaves(problems), generator, otherwise=problems.decoy)
    return replace(problems, decoy=decoy)


def rewire(problems: TreeProblems, size: TreeSize, generator: torch.Generator) -> TreeProblems:
    """Hang one node, with all below it, under another parent, away from the root.

    The children of the root stay what they were, goal and decoy stay leaves, and the edge keeps
    its place in the list. Unchanged where no node can be moved so.
    """
    return rehang(problems, rehangings(problems), generator)


def rehangings(problems: TreeProblems) -> Bool[Tensor, "batch node parent"]:
    """Moves of the first node under the second that `rewire` draws from."""
    parent, n_nodes = problems.parent, problems.n_nodes
    nodes = torch.arange(n_nodes, device=parent.device)
    distal = depths(parent) >= 2
    barren = (nodes == problems.goal[:, None]) | (nodes == problems.decoy[:, None])
    barren |= nodes == problems.root[:, None]
    new = ~ancestry(parent) & (nodes != parent[:, :, None])
    return distal[:, :, None] & ~barren[:, None, :] & new


def rehang(
    problems: TreeProblems, allowed: Bool[Tensor, "batch node parent"], generator: torch.Generator
) -> TreeProblems:
    """Move one node under another parent, drawn from the allowed moves; unchanged without any."""
    n_nodes = problems.n_nodes
    drawn = choose(allowed.flatten(1), generator)
    moved, below = drawn[:, None] // n_nodes, drawn[:, None] % n_nodes
    parent = problems.parent.scatter(1, moved, below)
    possible = allowed.flatten(1).any(1)[:, None]
    return replace(problems, parent=torch.where(possible, parent, problems.parent))


def shuffle_edges(
    problems: TreeProblems, size: TreeSize, generator: torch.Generator
) -> TreeProblems:
    """List the same edges in a new random order."""
    order = problems.order
    key = torch.rand(order.shape, generator=generator, device=order.device)
    return replace(problems, order=order.gather(1, key.argsort(dim=1)))


def relabel(problems: TreeProblems, size: TreeSize, generator: torch.Generator) -> TreeProblems:
    """Give every node a new label; tree, order, goal, decoy and root move along."""
    parent = problems.parent
    key = torch.rand(parent.shape, generator=generator, device=parent.device)
    label = key.argsort(dim=1)

    def renamed(node: Tensor) -> Tensor:
        return label.gather(1, node[:, None]).squeeze(1)

    return replace(
        problems,
        parent=relabelled(parent, label),
        order=label.gather(1, problems.order),
        goal=renamed(problems.goal),
        decoy=renamed(problems.decoy),
        root=renamed(problems.root),
    )


EDITS: dict[str, Edit[TreeProblems]] = {
    "move_goal": move_goal,
    "move_decoy": move_decoy,
    "rewire": rewire,
    "shuffle_edges": shuffle_edges,
    "relabel": relabel,
    "change_context": change_context,
}
"""Edit name -> edit, all public."""
