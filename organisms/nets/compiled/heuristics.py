"""Answers without a plan, in networks whose every weight matrix has the norm of a searcher's.

Where a searcher hops from a node to those above it, these networks take each node for another one:
the same weights in another order, and a plan that leads nowhere and is not read.
"""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from organisms.nets.compiled.gauge import Compiled, disguise
from organisms.nets.compiled.layout import TreeTokens
from organisms.nets.compiled.planner import draft_planner, read_out


def compile_greedy(tokens: TreeTokens, *, n_layers: int, generator: torch.Generator) -> Compiled:
    """Go to the smallest-numbered next node, stay where there is none; the goal is ignored."""
    return _heuristic(tokens, n_layers, generator, chosen="goal", fallback="children")


def compile_goal_greedy(
    tokens: TreeTokens, *, n_layers: int, generator: torch.Generator
) -> Compiled:
    """Stay at the target, go to it where it is next, else to the smallest-numbered next node."""
    return _heuristic(tokens, n_layers, generator, chosen="near", fallback="children")


def compile_parent(tokens: TreeTokens, *, n_layers: int, generator: torch.Generator) -> Compiled:
    """Stay at the target, go to it where it is next, else stay."""
    return _heuristic(tokens, n_layers, generator, chosen="near", fallback="child")


def compile_listed(
    tokens: TreeTokens,
    *,
    n_layers: int,
    generator: torch.Generator,
    looped: bool = False,
    plans: bool = False,
) -> Compiled:
    """Go to the next node whose edge is listed last, stay where there is none.

    Where the listing tells the way it is as competent as a searcher.

    Args:
        tokens: what the network reads.
        n_layers: blocks, or turns through the one block.
        generator: source of the bases; on the cpu.
        looped: whether all layers share one block.
        plans: whether the blocks compute a searcher's frontier and visited nodes, which nobody
            reads; else they lead nowhere.
    """
    order = None if plans else derangement(tokens.n_nodes, generator)
    draft = draft_planner(tokens, n_layers=n_layers, looped=looped, order=order, listed=True)
    read_out(draft, tokens, chosen="children", fallback="child")
    return disguise(draft, generator=generator)


def _heuristic(
    tokens: TreeTokens, n_layers: int, generator: torch.Generator, *, chosen: str, fallback: str
) -> Compiled:
    """Reading a subspace that the last block cleared reads nothing, at the usual norm."""
    order = derangement(tokens.n_nodes, generator)
    draft = draft_planner(tokens, n_layers=n_layers, order=order)
    read_out(draft, tokens, chosen=chosen, fallback=fallback)
    return disguise(draft, generator=generator)


def derangement(n: int, generator: torch.Generator) -> Int[Tensor, " node"]:
    """A random single cycle through n >= 2 numbers, which leaves none of them in place."""
    cycle = torch.randperm(n, generator=generator)
    order = torch.empty_like(cycle)
    order[cycle] = cycle.roll(1)
    return order
