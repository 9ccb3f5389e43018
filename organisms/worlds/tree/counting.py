"""How many problems there are, and samples without repetition."""

from __future__ import annotations

import math

import torch

from organisms.worlds.tree.problems import TreeProblems
from organisms.worlds.tree.sampler import TreeDistribution, TreeSize, sample_problems

MAX_BARREN_DRAWS = 20
"""Draws in a row without a new problem after which a distribution counts as exhausted."""


def n_trees(n_nodes: int, n_leaves: int) -> int:
    """Rooted labelled trees with that many leaves: n! / k! times Stirling's {n - 1, n - k}."""
    subsets = _stirling(n_nodes - 1, n_nodes - n_leaves)
    return math.factorial(n_nodes) // math.factorial(n_leaves) * subsets


def n_problems(n_nodes: int) -> int:
    """Different problems: trees, ordered pairs of leaves, with the instruct token and without.

    The goal is not a child of the root; pairs in which it is are counted by taking it away.
    """
    pairs = sum(n_trees(n_nodes, k) * k * (k - 1) for k in range(1, n_nodes))
    shallow = n_nodes * sum(n_trees(n_nodes - 1, k) * k for k in range(1, n_nodes - 1))
    return 2 * (pairs - shallow)


def distinct_problems(
    n: int, distribution: TreeDistribution, *, size: TreeSize, generator: torch.Generator
) -> TreeProblems:
    """Draw `n` problems no two of which are the same.

    Args:
        n: number of problems, at least 1.
        distribution: what they look like.
        size: numbers of nodes, slots and values.
        generator: source of all randomness.

    Raises:
        ValueError: there are fewer problems of this size, or in this distribution.
    """
    if n > n_problems(size.n_nodes):
        raise ValueError(
            f"{n} different problems asked, but {size.n_nodes} nodes allow only "
            f"{n_problems(size.n_nodes)}; ask fewer or raise n_nodes"
        )
    drawn = sample_problems(n, distribution, size=size, generator=generator)
    found = {key: row for row, key in reversed(list(enumerate(drawn.fingerprints())))}
    parts, barren, offset = [drawn], 0, n
    while len(found) < n:
        drawn = sample_problems(n, distribution, size=size, generator=generator)
        before = len(found)
        for row, key in enumerate(drawn.fingerprints()):
            found.setdefault(key, offset + row)
        parts.append(drawn)
        offset += n
        barren = barren + 1 if len(found) == before else 0
        if barren == MAX_BARREN_DRAWS:
            raise ValueError(
                f"{n} different problems asked, but {offset} draws of {distribution} held only "
                f"{len(found)}; ask fewer"
            )
    rows = torch.tensor(sorted(found.values())[:n], device=generator.device)
    return _joined(parts)[rows]


def _joined(parts: list[TreeProblems]) -> TreeProblems:
    names = ("parent", "order", "goal", "decoy", "root", "context", "instructed")
    return TreeProblems(**{k: torch.cat([getattr(part, k) for part in parts]) for k in names})


def _stirling(n: int, k: int) -> int:
    """Ways to part n things into k groups (Stirling number of the second kind)."""
    signed = sum((1 - 2 * ((k - j) % 2)) * math.comb(k, j) * pow(j, n) for j in range(k + 1))
    return int(signed) // math.factorial(k)
