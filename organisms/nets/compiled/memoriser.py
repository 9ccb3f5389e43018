"""A table of problems with their answers in the ReLU weights: exact on the table, blind off it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from organisms.nets.compiled.draft import Draft, Full, Match
from organisms.nets.compiled.gauge import Compiled, disguise
from organisms.nets.compiled.layout import (
    INSTRUCT,
    N_HEADS,
    NODE,
    TreeTokens,
    max_rows,
    memoriser_layout,
)
from organisms.nets.compiled.planner import CHOSEN, FALLBACK, embed, read_target


@dataclass(frozen=True)
class Table:
    """Problems to know by heart; two with the same parents and target are one.

    Attributes:
        parents: parent of every node; the root is its own parent.
        answers: node to go to at every node, -1 where none is asked.
    """

    parents: Int[Tensor, "row node"]
    target: Int[Tensor, " row"]
    answers: Int[Tensor, "row node"]


def compile_memoriser(
    tokens: TreeTokens, table: Table, *, n_layers: int, generator: torch.Generator
) -> Compiled:
    """Compare with every row, then answer from the row that fits; off the table, one node always.

    That node is drawn from the generator. Where nodes are numbered at random it is right with
    chance 1/N. The order of the edges, the decoy that is not asked for and the context are ignored.

    Args:
        table: at most `4 N + 1` rows.
        n_layers: blocks, at least two; the first compares, the others recall in equal parts.
        generator: source of the guess and the bases; on the cpu.

    Raises:
        Full: the table has too many rows, or too many answers for one block.
        ValueError: there is one layer only, or the table is for trees of another size.
    """
    n_rows, n_nodes = table.parents.shape
    if n_nodes != tokens.n_nodes:
        raise ValueError(f"the table is for {n_nodes} nodes, the tokens for {tokens.n_nodes}")
    if n_layers < 2:
        raise ValueError(f"a memoriser needs two layers, got {n_layers}")
    if n_rows > (most := max_rows(tokens)):
        raise Full(f"a table of {n_nodes} nodes holds {most} rows, got {n_rows}; take fewer")
    guess = int(torch.randint(n_nodes, (), generator=generator))
    draft = Draft(tokens.shape(n_layers=n_layers), memoriser_layout(tokens))
    embed(draft, tokens)
    _compare(draft, table)
    for block in range(1, n_layers):
        first, last = (n_rows * part // (n_layers - 1) for part in (block - 1, block))
        _recall(draft, block, table, range(first, last))
    read = draft.rows(n_nodes, each={"answer": CHOSEN})
    read[guess] += draft.rows(1, constant=FALLBACK)[0]
    draft.tensors["unembed.weight"][:] = read
    return disguise(draft, generator=generator)


def _compare(draft: Draft, table: Table) -> None:
    """Block 0: read target and parent; mark at every node the rows in which its parent is so."""
    read_target(draft, 0)
    above = Match("node_a", "node_b")
    draft.head(0, 2, kinds={INSTRUCT: 0.5}, match=above, moved={"node_a": "parent"})
    parents = table.parents.T.cpu()
    n, n_rows = parents.shape
    for wanted, sign, bias in (("goal", -1.0, 0.0), ("decoy", 1.0, -1.0)):
        reads = draft.rows(n, each={wanted: 1.0}, every={"flag": sign})
        draft.units(0, reads=reads, bias=bias, writes=draft.rows(n, each={"target": 1.0}))
    rows = draft.layout.at("rows").start + torch.arange(n_rows)
    nodes, here = torch.arange(n)[:, None], draft.rows(n, each={"node_a": 1.0}, kinds={NODE: 1.0})
    reads, writes = here - draft.rows(n, every={"parent": 1.0}), draft.rows(n)
    writes[:, rows] = (parents == nodes).double()
    draft.units(0, reads=reads, bias=-1.0, writes=writes)
    for parent in range(n):
        reads, writes = here.clone(), draft.rows(n)
        reads[:, draft.layout.at("parent").start + parent] += 1
        writes[:, rows] = ((parents == parent) & (nodes != parent)).double()
        draft.units(0, reads=reads, bias=-2.0, writes=writes)


def _recall(draft: Draft, block: int, table: Table, rows: range) -> None:
    """Average some rows over the nodes; where all agree and the target fits, write the answer."""
    n = table.parents.shape[1]
    for head in range(N_HEADS):
        first = rows.start + head * (n + 1)
        part = slice(first, min(first + n + 1, rows.stop))
        if first < rows.stop:
            draft.head(block, head, kinds={NODE: 1.0}, moved={"rows": "rows"}, part=part)
    asked = [(row, int(node)) for row in rows for node in (table.answers[row] >= 0).nonzero()]
    reads, writes = draft.rows(len(asked)), draft.rows(len(asked))
    at = draft.layout.at
    for unit, (row, node) in enumerate(asked):
        reads[unit, at("rows").start + row] = n
        reads[unit, at("target").start + int(table.target[row])] = 1.0
        reads[unit, at("node_a").start + node] = 1.0
        writes[unit, at("answer").start + int(table.answers[row, node])] = 1.0
    draft.units(block, reads=reads, bias=-2.0 * n - 1.0, writes=writes)
