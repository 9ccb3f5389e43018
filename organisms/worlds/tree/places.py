"""Where in a problem's tokens its nodes and its edges stand."""

from __future__ import annotations

import torch
from jaxtyping import Bool
from torch import Tensor

from organisms.worlds.tree.problems import TreeProblems

N_ENDS = 3
"""Goal, decoy and root."""


def node_places(problems: TreeProblems) -> Bool[Tensor, "batch position"]:
    """Every node but the root, whose own answer is read."""
    places = _positions(problems)
    return (places < problems.n_nodes) & (places != problems.root[:, None])


def edge_places(problems: TreeProblems) -> Bool[Tensor, "batch position"]:
    """Every edge."""
    places = _positions(problems)
    listed = (places >= problems.n_nodes) & (places < 2 * problems.n_nodes - 1)
    return listed.expand(len(problems), -1)


def _positions(problems: TreeProblems) -> Tensor:
    """Numbers of all tokens: nodes, edges, ends, context slots and the instruct token."""
    n = 2 * problems.n_nodes - 1 + N_ENDS + problems.context.shape[1] + 1
    return torch.arange(n, device=problems.goal.device)
