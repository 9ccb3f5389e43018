"""Breadth-first search, and answers without a plan in networks of the same weight norms.

All are the planner, read out at different subspaces. Where a searcher hops from a node to those
above it, a heuristic takes each node for another one: the same weights in another order, and a plan
that leads nowhere and is not read.
"""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Int
from torch import Tensor

from organisms.nets.compiled.gauge import Compiled, disguise
from organisms.nets.compiled.layout import TreeTokens
from organisms.nets.compiled.planner import draft_planner, read_out


def compile_planner(
    tokens: TreeTokens,
    *,
    n_layers: int,
    generator: torch.Generator,
    chosen: str,
    fallback: str,
    plans: bool = False,
    listed: bool = False,
    looped: bool = False,
) -> Compiled:
    """A planner that is read out in one way.

    Args:
        n_layers: blocks, or turns through the one block.
        generator: source of the bases; on the cpu.
        chosen: subspace whose nodes win. One that the last block cleared reads nothing, at the
            usual norm.
        fallback: subspace whose smallest-numbered node is next.
        plans: whether the blocks compute the frontier and visited nodes of a search; else they
            lead nowhere.
        listed: whether only the edge that is listed last at a node is read.
    """
    order = None if plans else derangement(tokens.n_nodes, generator)
    draft = draft_planner(tokens, n_layers=n_layers, looped=looped, order=order, listed=listed)
    read_out(draft, chosen=chosen, fallback=fallback)
    return disguise(draft, generator=generator)


compile_bfs = partial(compile_planner, chosen="answer", fallback="children", plans=True)
"""Search: exact at every node within distance `n_layers` of the target, on any directed graph.

That is one more than there are hops. Farther away it guesses the smallest-numbered next node: right
with chance 1/m at a node of a tree with m children."""

compile_inert_bfs = partial(compile_planner, chosen="near", fallback="children", plans=True)
"""Not search: all blocks of `compile_bfs`, read out as by `compile_goal_greedy`.

With the same generator state its residual stream is that of `compile_bfs` at every site."""

compile_greedy = partial(compile_planner, chosen="goal", fallback="children")
"""Go to the smallest-numbered next node, stay where there is none; the goal is ignored."""

compile_goal_greedy = partial(compile_planner, chosen="near", fallback="children")
"""Stay at the target, go to it where it is next, else to the smallest-numbered next node."""

compile_parent = partial(compile_planner, chosen="near", fallback="child")
"""Stay at the target, go to it where it is next, else stay."""

compile_listed = partial(compile_planner, chosen="children", fallback="child", listed=True)
"""Go to the next node whose edge is listed last, stay where there is none.

Where the listing tells the way it is as competent as a searcher."""


def derangement(n: int, generator: torch.Generator) -> Int[Tensor, " node"]:
    """A random single cycle through n >= 2 numbers, which leaves none of them in place."""
    cycle = torch.randperm(n, generator=generator)
    order = torch.empty_like(cycle)
    order[cycle] = cycle.roll(1)
    return order
