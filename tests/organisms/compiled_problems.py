"""Trees and graphs with answers by plain Python search: the oracle of the compiled networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch
from jaxtyping import Float, Int
from torch import Tensor

from organisms.nets.compiled.layout import TreeTokens

N_SLOTS, N_VALUES = 3, 5


@dataclass(frozen=True)
class Problem:
    """A directed graph with its edges as listed; `instructed` asks for the decoy, not the goal."""

    n_nodes: int
    edges: tuple[tuple[int, int], ...]
    goal: int
    decoy: int
    instructed: bool
    context: tuple[int, ...]
    root: int

    @property
    def target(self) -> int:
        return self.decoy if self.instructed else self.goal

    def following(self, node: int) -> list[int]:
        return sorted(to for start, to in self.edges if start == node)

    def distances(self, target: int) -> dict[int, int]:
        """Steps to a target from every node that reaches it."""
        found, ring = {target: 0}, [target]
        while ring:
            ring = sorted({a for a, b in self.edges if b in ring and a not in found})
            found |= dict.fromkeys(ring, max(found.values()) + 1)
        return found

    def answers(self, target: int) -> dict[int, set[int]]:
        """Every shortest step from every node that reaches a target, itself at the target."""
        steps = self.distances(target)
        return {
            node: {to for to in self.following(node) if steps.get(to) == left - 1} or {node}
            for node, left in steps.items()
        }

    def tokens(self) -> list[tuple[int, int, int]]:
        n = self.n_nodes
        rows = [(node, n, 0) for node in range(n)] + [(a, b, 1) for a, b in self.edges]
        rows += [(self.goal, n, 2), (self.decoy, n, 3), (self.root, n, 4)]
        rows += [(n + value, n, 5) for value in self.context]
        return [*rows, (n + N_VALUES + self.instructed, n, 6)]


def random_tree(n_nodes: int, random: Random, *, reach: int = 4) -> Problem:
    """A tree in which every node hangs below one of the `reach` nodes before it."""
    labels = random.sample(range(n_nodes), n_nodes)
    edges = [(labels[random.randrange(max(0, i - reach), i)], labels[i]) for i in range(1, n_nodes)]
    return _asked(n_nodes, edges, labels[0], random)


def trees(n_nodes: int, n: int, *, seed: int, reach: int = 4) -> list[Problem]:
    """Random trees of one size."""
    random = Random(seed)
    return [random_tree(n_nodes, random, reach=reach) for _ in range(n)]


def random_graph(n_nodes: int, n_edges: int, random: Random) -> Problem:
    """Different directed edges, cycles included."""
    pairs = [(a, b) for a in range(n_nodes) for b in range(n_nodes) if a != b]
    return _asked(n_nodes, random.sample(pairs, n_edges), 0, random)


def _asked(n_nodes: int, edges: list[tuple[int, int]], root: int, random: Random) -> Problem:
    random.shuffle(edges)
    goal, decoy = random.sample(range(n_nodes), 2)
    context = tuple(random.randrange(N_VALUES) for _ in range(N_SLOTS))
    return Problem(n_nodes, tuple(edges), goal, decoy, random.random() < 0.3, context, root)


def tokens_of(n_nodes: int, n_edges: int | None = None) -> TreeTokens:
    """What a network for these problems reads."""
    edges = n_nodes - 1 if n_edges is None else n_edges
    return TreeTokens(n_nodes=n_nodes, n_edges=edges, n_slots=N_SLOTS, n_values=N_VALUES)


def stacked(problems: Sequence[Problem]) -> Int[Tensor, "batch position channel"]:
    return torch.tensor([problem.tokens() for problem in problems])


@torch.no_grad()
def logits_of(
    net: torch.nn.Module, problems: Sequence[Problem]
) -> Float[Tensor, "batch decision action"]:
    return torch.cat([net(part) for part in stacked(problems).split(500)])


def chosen(net: torch.nn.Module, problems: Sequence[Problem]) -> list[list[int]]:
    """What a network does at every node of every problem."""
    actions: list[list[int]] = logits_of(net, problems).argmax(2).tolist()
    return actions


def right(net: torch.nn.Module, problems: Sequence[Problem]) -> list[bool]:
    """Whether each asked decision is optimal."""
    return [
        actions[node] in allowed
        for problem, actions in zip(problems, chosen(net, problems), strict=True)
        for node, allowed in problem.answers(problem.target).items()
    ]
