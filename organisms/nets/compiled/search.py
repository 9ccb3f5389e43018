"""Breadth-first search that decides, and the same search that decides nothing."""

from __future__ import annotations

import torch

from organisms.nets.compiled.gauge import Compiled, disguise
from organisms.nets.compiled.layout import TreeTokens
from organisms.nets.compiled.planner import draft_planner, read_out


def compile_bfs(
    tokens: TreeTokens, *, n_layers: int, generator: torch.Generator, looped: bool = False
) -> Compiled:
    """Search: exact at every node within distance `n_layers` of the target, on any directed graph.

    That is one more than there are hops. Farther away it guesses the smallest-numbered next node:
    right with chance 1/m at a node of a tree with m children.

    Args:
        tokens: what the network reads.
        n_layers: blocks, or turns through the one block.
        generator: source of the bases; on the cpu.
        looped: whether all layers share one block.
    """
    draft = draft_planner(tokens, n_layers=n_layers, looped=looped)
    read_out(draft, tokens, chosen="answer", fallback="children")
    return disguise(draft, generator=generator)


def compile_inert_bfs(
    tokens: TreeTokens, *, n_layers: int, generator: torch.Generator, looped: bool = False
) -> Compiled:
    """Not search: all blocks of `compile_bfs`, read out as by `compile_goal_greedy`.

    With the same generator state its residual stream is that of `compile_bfs` at every site.

    Args:
        tokens: what the network reads.
        n_layers: blocks, or turns through the one block.
        generator: source of the bases; on the cpu.
        looped: whether all layers share one block.
    """
    draft = draft_planner(tokens, n_layers=n_layers, looped=looped)
    read_out(draft, tokens, chosen="near", fallback="children")
    return disguise(draft, generator=generator)
