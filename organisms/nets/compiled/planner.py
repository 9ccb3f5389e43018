"""The block that plans: breadth-first search backwards from the target, one hop per block.

Every block is the same. Its heads read the goal and the instruction, the decoy, the nodes below
this node, and the nodes above the frontier; its ReLU layer starts the frontier at the target in
the first block and moves it one hop in every later one. After k blocks every node within distance
k of the target has its answer, on any directed graph.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Int
from torch import Tensor

from organisms.nets.compiled.draft import Draft, Match
from organisms.nets.compiled.layout import (
    DECOY,
    EDGE,
    GOAL,
    INSTRUCT,
    NODE,
    TreeTokens,
    planner_layout,
)

OFF = 2.0
"""Taken from a unit of range 0 to 1 to switch it off, with room for rounding."""

CHOSEN, FALLBACK, STAY = 8.0, 1.0, 0.25
"""Logits of an answer, of the smallest-numbered next node, and of staying."""

LATER = 0.2
"""Attention score, in units of `SHARPNESS`, that an edge gains with every place it is listed later:
of several edges from a node the last has all but 1% of the attention."""


def draft_planner(
    tokens: TreeTokens,
    *,
    n_layers: int,
    looped: bool = False,
    order: Int[Tensor, " node"] | None = None,
    listed: bool = False,
) -> Draft:
    """Everything but the unembedding.

    Args:
        n_layers: blocks; nodes up to this distance from the target get their answer.
        looped: one block applied `n_layers` times.
        order: the node that the frontier takes each of its nodes for; None for itself. Any other
            order gives a network of the same norms whose plan is none.
        listed: of several edges from a node only the one listed last is read, so that `child`,
            `children` and `near` hold one node at most, and `answer` only where it is that one.
    """
    draft = Draft(tokens.shape(n_layers=n_layers, looped=looped), planner_layout(tokens))
    embed(draft, tokens)
    if listed:
        # No other token but a context slot holds anything there, and no planner reads it.
        places = torch.arange(tokens.n_edges, dtype=torch.float64)
        edges = slice(tokens.n_nodes, tokens.n_nodes + tokens.n_edges)
        draft.tensors["place"][edges, draft.layout.at("value").start] = places
    for block in range(draft.shape.n_blocks):
        _attention(draft, block, tokens, order, listed)
        _start(draft, block, tokens)
        _hop(draft, block, tokens)
        draft.clear(block, "goal", "decoy", "flag", "child", "arrived")
    return draft


def embed(draft: Draft, tokens: TreeTokens) -> None:
    """One-hot embeddings of all three channels."""
    draft.embed(0, 0, "node_a")
    draft.embed(0, tokens.n_nodes, "value")
    draft.embed(0, tokens.n_nodes + tokens.n_values + 1, "instruct")
    draft.embed(1, 0, "node_b")
    draft.embed(2, 0, "kind")


def read_target(draft: Draft, block: int) -> None:
    """Heads 0 and 1: goal with instruct flag, and decoy, at every token."""
    moved = {"node_a": "goal", "instruct": "flag"}
    draft.head(block, 0, kinds={GOAL: 1.0, INSTRUCT: 1.0}, moved=moved, gain=2.0)
    draft.head(block, 1, kinds={DECOY: 1.0}, moved={"node_a": "decoy"})


def _attention(
    draft: Draft, block: int, tokens: TreeTokens, order: Int[Tensor, " node"] | None, listed: bool
) -> None:
    read_target(draft, block)
    # The instruct token holds no node: attending to it where nothing matches moves nothing. What
    # the last place adds must not outweigh a match, so that a match counts for more with places.
    most = LATER * (tokens.n_edges - 1) if listed else 0.0
    below, kinds = Match("node_a", "node_a"), {EDGE: 1.0, INSTRUCT: 1.5 + most}
    draft.head(block, 2, kinds=kinds, match=below, moved={"node_b": "child"})
    if listed:
        keys = draft.tensors[f"blocks.{block}.attn.W_K"][2]
        keys[draft.layout.at("node_a"), 1 : tokens.n_nodes + 1] *= 1 + most
        keys[draft.layout.at("value").start, 0] = LATER
    above = Match("frontier", "node_b", order)
    draft.head(block, 3, kinds={INSTRUCT: 0.5}, match=above, moved={"node_a": "arrived"})


def _start(draft: Draft, block: int, tokens: TreeTokens) -> None:
    """In the first block: set the frontier to the target, answer at and next to it."""
    slope = 2.0 * tokens.n_edges
    _aim(draft, block, slope, wanted="goal", sign=-1.0, bias=0.0)
    _aim(draft, block, slope, wanted="decoy", sign=1.0, bias=-1.0)
    _step_to(
        draft,
        block,
        each={"child": slope},
        every={"started": -slope - OFF},
        bias=-1.0,
        writes={"children": 1.0},
        at_nodes=slope + OFF,
    )
    once = draft.rows(1, every={"started": 1.0})
    draft.units(block, reads=-once, bias=1.0, writes=once)


def _aim(draft: Draft, block: int, slope: float, *, wanted: str, sign: float, bias: float) -> None:
    """Take one of goal and decoy for the target where sign * flag + bias is 0; never where -1."""
    n, off = draft.size(wanted), slope + OFF
    switch = {"started": -OFF, "flag": sign}
    target = draft.rows(n, each={wanted: 1.0}, every=switch)
    written = draft.rows(n, each={"frontier": 1.0, "visited": 1.0})
    draft.units(block, reads=target, bias=bias, writes=written)
    stay = draft.rows(n, each={wanted: 1.0, "node_a": 1.0}, every=switch, kinds={NODE: OFF})
    answered = draft.rows(n, each={"answer": 1.0, "near": 1.0})
    draft.units(block, reads=stay, bias=bias - 1 - OFF, writes=answered)
    _step_to(
        draft,
        block,
        each={"child": slope, wanted: off},
        every={"started": -off, "flag": sign * off},
        bias=bias * off - off - 1,
        writes={"answer": 1.0, "near": 1.0},
        at_nodes=off,
    )


def _hop(draft: Draft, block: int, tokens: TreeTokens) -> None:
    """Move the frontier to where the last head arrived; answer where a new node is next."""
    slope = 2.0 * tokens.n_edges
    off = slope + OFF
    new = {"arrived": slope, "visited": -off}
    _step_to(draft, block, each=new, bias=-1.0, writes={"frontier": 1.0, "visited": 1.0})
    _step_to(
        draft,
        block,
        each={**new, "children": off},
        every={"answer": -off},
        bias=-1.0 - off,
        writes={"answer": 1.0},
    )
    passed = draft.rows(tokens.n_nodes, each={"frontier": 1.0})
    draft.units(block, reads=passed, bias=0.0, writes=-passed)


def _step_to(
    draft: Draft,
    block: int,
    *,
    each: Mapping[str, float],
    every: Mapping[str, float] | None = None,
    bias: float,
    writes: Mapping[str, float],
    at_nodes: float = 0.0,
) -> None:
    """Two units per node that add 0 where the reading is at most 0, and 1 where it is at least 1.

    The reading is that of `Draft.rows`, less `at_nodes` at tokens of any kind but node.
    """
    n = draft.size("node_a")
    reads = draft.rows(n, each=each, every=every, kinds={NODE: at_nodes})
    written = draft.rows(n, each=writes)
    draft.units(block, reads=reads, bias=bias - at_nodes, writes=written)
    draft.units(block, reads=reads, bias=bias - at_nodes - 1, writes=-written)


def read_out(draft: Draft, *, chosen: str, fallback: str) -> None:
    """Logits: a node in `chosen`, else the smallest-numbered one in `fallback`, else stay."""
    n = draft.size("node_a")
    order = FALLBACK * (1 - 0.5 * torch.arange(n, dtype=torch.float64) / n)
    rows = draft.rows(n, each={chosen: CHOSEN, "node_a": STAY})
    rows += order[:, None] * draft.rows(n, each={fallback: 1.0})
    draft.tensors["unembed.weight"][:] = rows
