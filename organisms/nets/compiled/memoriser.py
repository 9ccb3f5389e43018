"""A table of problems with their answers in the ReLU weights: exact on the table, blind off it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

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
        target: node to be reached.
        answers: node to go to at every node, -1 where none is asked.
    """

    parents: Int[Tensor, "row node"]
    target: Int[Tensor, " row"]
    answers: Int[Tensor, "row node"]

    def __len__(self) -> int:
        return len(self.target)


def compile_memoriser(
    tokens: TreeTokens, table: Table, *, n_layers: int, generator: torch.Generator
) -> Compiled:
    """Compare with every row, then answer from the row that fits; off the table, one node always.

    That node is drawn from the generator. Where nodes are numbered at random it is right with
    chance 1/N. The order of the edges, the decoy that is not asked for and the context are ignored.

    Args:
        tokens: what the network reads.
        table: at most `4 N + 1` rows.
        n_layers: blocks, at least two; the first compares, the others recall in equal parts.
        generator: source of the guess and the bases; on the cpu.

    Raises:
        Full: the table has too many rows, or too many answers for one block.
        ValueError: there is one layer only, or the table is for trees of another size.
    """
    if table.parents.shape[1] != tokens.n_nodes:
        raise ValueError(
            f"the table is for {table.parents.shape[1]} nodes, the tokens for {tokens.n_nodes}"
        )
    if n_layers < 2:
        raise ValueError(f"a memoriser needs two layers, got {n_layers}")
    if len(table) > max_rows(tokens):
        raise Full(
            f"a table of {tokens.n_nodes} nodes holds {max_rows(tokens)} rows, "
            f"got {len(table)}; take fewer"
        )
    guess = int(torch.randint(tokens.n_nodes, (), generator=generator))
    draft = Draft(tokens.shape(n_layers=n_layers), memoriser_layout(tokens))
    embed(draft, tokens)
    _compare(draft, tokens, table)
    for rows, block in zip(_parts(len(table), n_layers - 1), range(1, n_layers), strict=True):
        _recall(draft, block, tokens, table, rows)
    read = draft.rows(tokens.n_nodes, each={"answer": CHOSEN})
    read[guess] += draft.rows(1, constant=FALLBACK)[0]
    draft.tensors["unembed.weight"][:] = read
    return disguise(draft, generator=generator)


def _parts(n_rows: int, n_parts: int) -> list[range]:
    ends = [n_rows * part // n_parts for part in range(n_parts + 1)]
    return [range(first, last) for first, last in pairwise(ends)]


def _compare(draft: Draft, tokens: TreeTokens, table: Table) -> None:
    """Block 0: read target and parent; mark at every node the rows in which its parent is so."""
    n = tokens.n_nodes
    read_target(draft, 0)
    above = Match("node_a", "node_b")
    draft.head(0, 2, kinds={INSTRUCT: 0.5}, match=above, moved={"node_a": "parent"})
    for wanted, sign, bias in (("goal", -1.0, 0.0), ("decoy", 1.0, -1.0)):
        reads = draft.rows(n, each={wanted: 1.0}, every={"flag": sign})
        draft.units(0, reads=reads, bias=bias, writes=draft.rows(n, each={"target": 1.0}))
    rows = draft.layout.at("rows").start + torch.arange(len(table))
    parents, nodes = table.parents.T.cpu(), torch.arange(n)
    parent = draft.layout.at("parent").start
    for number in range(-1, n):
        reads = draft.rows(n, each={"node_a": 1.0}, kinds={NODE: 1.0})
        writes = draft.rows(n)
        if number < 0:
            reads -= draft.rows(n, every={"parent": 1.0})
            writes[:, rows] = (parents == nodes[:, None]).double()
        else:
            reads[:, parent + number] += 1
            writes[:, rows] = ((parents == number) & (nodes != number)[:, None]).double()
        draft.units(0, reads=reads, bias=-1.0 if number < 0 else -2.0, writes=writes)


def _recall(draft: Draft, block: int, tokens: TreeTokens, table: Table, rows: range) -> None:
    """Average some rows over the nodes; where all agree and the target fits, write the answer."""
    n, wide = tokens.n_nodes, tokens.n_nodes + 1
    for head in range(N_HEADS):
        first = rows.start + head * wide
        part = slice(first, min(first + wide, rows.stop))
        if first < rows.stop:
            draft.head(block, head, kinds={NODE: 1.0}, moved={"rows": "rows"}, part=part)
    asked = [(row, int(node)) for row in rows for node in (table.answers[row] >= 0).nonzero()]
    if not asked:
        return
    reads, writes = draft.rows(len(asked)), draft.rows(len(asked))
    at = draft.layout.at
    for unit, (row, node) in enumerate(asked):
        reads[unit, at("rows").start + row] = n
        reads[unit, at("target").start + int(table.target[row])] = 1.0
        reads[unit, at("node_a").start + node] = 1.0
        writes[unit, at("answer").start + int(table.answers[row, node])] = 1.0
    draft.units(block, reads=reads, bias=-2.0 * n - 1.0, writes=writes)
