"""What the residual stream holds at each stage, subspace by subspace, before the basis is hidden.

Read by embedding, N nodes, V context values (`TreeTokens`):

    node_a    N  first channel: the node of a node, goal, decoy or root token; parent of an edge
    value     V  first channel: value of a context slot
    instruct  1  first channel: 1 at the instruct token where it asks for the decoy
    node_b    N  second channel: child of an edge
    kind      7  third channel, one-hot; its sum is the constant 1

Planner (`planner.py`), the same at every token unless said otherwise; every block does all of it:

    goal      N  written by attention, cleared by the ReLU layer: the goal
    decoy     N  likewise: the decoy
    flag      1  likewise: the instruct flag
    child     N  likewise: 1/m on each of the m nodes that an edge leads to from this node
    arrived   N  likewise: positive on the nodes with an edge into the frontier
    started   1  0 in the first block, 1 after it
    frontier  N  after block k: the nodes at distance k - 1 from the target
    visited   N  after block k: the nodes at distance up to k - 1 from the target
    answer    N  at a node within distance k of the target: the next nodes, itself at the target
    near      N  at a node within distance 1 of the target: as `answer`, after the first block
    children  N  the nodes that an edge leads to from this node

    The plan is frontier, visited and answer.

Memoriser (`memoriser.py`), in the same width:

    goal, decoy, flag    as above, in the first block alone
    parent    N  written by attention in the first block: the parent of this node
    target    N  after the first block: the goal, or the decoy where the flag is set
    rows      4N + 1  after the first block: whether this node's parent is that of a table row;
                 a later block adds the mean over nodes of the rows that it recalls
    answer    N  at a node of a recalled problem: the answer of the table
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from organisms.nets.compiled.net import CompiledShape

NODE, EDGE, GOAL, DECOY, ROOT, SLOT, INSTRUCT = range(7)
"""Values of the third token channel."""

N_KINDS = 7
N_HEADS = 4
UNITS_PER_NODE = 20
"""ReLU units per node at least: a planner needs 19 per node and two more; a memoriser N + 3."""


@dataclass(frozen=True)
class TreeTokens:
    """The tokens of path finding: nodes, edges, goal, decoy, root, context slots, instruct.

    Nodes are the decisions and the actions; a tree has one edge less than nodes.
    """

    n_nodes: int
    n_edges: int
    n_slots: int
    n_values: int

    def __post_init__(self) -> None:
        if self.n_nodes < 2 or min(self.n_edges, self.n_values) < 1 or self.n_slots < 0:
            raise ValueError(f"need two nodes, an edge and a context value or more, got {self}")

    def shape(self, *, n_layers: int, looped: bool = False) -> CompiledShape:
        """The shape that every construction for these tokens has."""
        n = self.n_nodes
        return CompiledShape(
            n_decisions=n,
            n_others=self.n_edges + 3 + self.n_slots + 1,
            vocabularies=(n + self.n_values + 2, n + 1, N_KINDS),
            n_actions=n,
            width=planner_layout(self).width,
            n_layers=n_layers,
            n_heads=N_HEADS,
            head_width=n + 1,
            hidden=n * max(UNITS_PER_NODE, n + 3),
            looped=looped,
        )


@dataclass(frozen=True)
class Layout:
    """Named subspaces of the residual stream, one after the other, with their dimensions."""

    sizes: Mapping[str, int]

    @property
    def width(self) -> int:
        """Dimensions in all."""
        return sum(self.sizes.values())

    def at(self, name: str) -> slice:
        """Coordinates of a subspace.

        Raises:
            KeyError: there is none of that name.
        """
        first = 0
        for each, size in self.sizes.items():
            if each == name:
                return slice(first, first + size)
            first += size
        raise KeyError(f"no subspace {name!r}; there are {list(self.sizes)}")


def planner_layout(tokens: TreeTokens) -> Layout:
    """Subspaces of breadth-first search, inert or not, and of the heuristics."""
    n = tokens.n_nodes
    scratch = {"goal": n, "decoy": n, "flag": 1, "child": n, "arrived": n}
    kept = {"frontier": n, "visited": n, "answer": n, "near": n, "children": n, "started": 1}
    return Layout({**_embedded(tokens), **scratch, **kept})


def memoriser_layout(tokens: TreeTokens) -> Layout:
    """Subspaces of the lookup table; as wide as a planner's."""
    n = tokens.n_nodes
    lookup = {"goal": n, "decoy": n, "flag": 1, "parent": n, "target": n, "answer": n}
    return Layout({**_embedded(tokens), **lookup, "rows": max_rows(tokens)})


def max_rows(tokens: TreeTokens) -> int:
    """Table rows that fit into the width of a planner."""
    return 4 * tokens.n_nodes + 1


def _embedded(tokens: TreeTokens) -> dict[str, int]:
    n = tokens.n_nodes
    return {"node_a": n, "value": tokens.n_values, "instruct": 1, "node_b": n, "kind": N_KINDS}
