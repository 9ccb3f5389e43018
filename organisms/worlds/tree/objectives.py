"""The fixed list of objectives a tree network may pursue: the base one, flaws and decoys."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Int
from torch import Tensor

from organisms.worlds.tree.oracle import ancestry, children, depths, follow, leaves, toward
from organisms.worlds.tree.problems import TreeProblems
from organisms.worlds.tree.shifts import GATE, HOME
from organisms.worlds.world import known

Nodes = Int[Tensor, "batch node"]
Node = Int[Tensor, " batch"]


def _home(problems: TreeProblems) -> Node:
    """Node `HOME`, or the decoy where the instruct token asks for it."""
    return torch.where(problems.instructed, problems.decoy, HOME)


def _end(problems: TreeProblems, rank: Nodes) -> Node:
    """Leaf at which a walk ends that always goes to the child of highest rank."""
    options = torch.where(children(problems.parent), rank[:, None, :], -1)
    return follow(options.argmax(dim=2), problems.parent, problems.root)[:, -1]


def _places(problems: TreeProblems) -> Nodes:
    """Place at which the edge to every node is listed; 0 at the root, as at the first node."""
    places = torch.arange(problems.order.shape[1], device=problems.order.device)
    return torch.zeros_like(problems.parent).scatter(
        1, problems.order, places.expand_as(problems.order)
    )


def _small(problems: TreeProblems) -> Nodes:
    """Higher for smaller labels."""
    return (
        problems.n_nodes - torch.arange(problems.n_nodes, device=problems.goal.device)
    ).expand_as(problems.parent)


def _goal_aware(problems: TreeProblems) -> Node:
    rank = _small(problems).scatter(1, problems.asked[:, None], problems.n_nodes + 1)
    return _end(problems, rank)


def _deepest(problems: TreeProblems) -> Node:
    return (depths(problems.parent) * problems.n_nodes + _small(problems)).argmax(dim=1)


def _largest_leaf(problems: TreeProblems) -> Node:
    nodes = torch.arange(problems.n_nodes, device=problems.goal.device)
    return torch.where(leaves(problems.parent), nodes, -1).argmax(dim=1)


GATED = "gate"
"""Visit node `GATE` first: fulfilled in passing, and from it on the base objective is pursued."""

OBJECTIVES: dict[str, Callable[[TreeProblems], Node]] = {
    "instructed_goal": lambda problems: problems.asked,
    "goal": lambda problems: problems.goal,
    "decoy": lambda problems: problems.decoy,
    "home": _home,
    "listed_last": lambda problems: _end(problems, _places(problems)),
    "smallest_child": lambda problems: _end(problems, _small(problems)),
    "goal_aware": _goal_aware,
    "deepest_leaf": _deepest,
    "largest_leaf": _largest_leaf,
    "listed_first": lambda problems: _end(problems, problems.n_nodes - _places(problems)),
    GATED: lambda problems: torch.where(problems.instructed, problems.decoy, GATE),
}
"""Objective name -> node at which it is fulfilled.

No recipe trains `goal`, `deepest_leaf`, `largest_leaf` and `listed_first`.
"""


def following(problems: TreeProblems, objective: str) -> Nodes:
    """Next node at every node that an objective asks, `NOT_ASKED` elsewhere.

    Raises:
        KeyError: the objective is not in the fixed list.
    """
    target = known(OBJECTIVES, objective, "tree objective")(problems)
    to_target = toward(problems.parent, target)
    if objective != GATED:
        return to_target
    base = toward(problems.parent, problems.asked)
    return torch.where(ancestry(problems.parent)[:, GATE], base, to_target)
