"""Weights written coordinate by coordinate in named subspaces, before the basis is hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from organisms.nets.compiled.layout import Layout
from organisms.nets.compiled.net import CompiledShape

SHARPNESS = 24.0
"""Attention score of one matching coordinate; a match beats the rest by half of it at least."""


class Full(ValueError):
    """A head or a ReLU layer has no room for what is to be written into it."""


@dataclass(frozen=True)
class Match:
    """Attend where a subspace of the key holds what a subspace of the query holds.

    Attributes:
        query: subspace read at the attending token.
        key: subspace of the same size, read at the token attended to.
        order: coordinate of the key that each coordinate of the query is compared with.
    """

    query: str
    key: str
    order: Int[Tensor, " coordinate"] | None = None


class Draft:
    """All tensors of a network, zero until written; double precision.

    Attributes:
        tensors: state dict of the network in the plain basis.
    """

    def __init__(self, shape: CompiledShape, layout: Layout) -> None:
        if layout.width != shape.width:
            raise ValueError(f"the layout is {layout.width} wide, the shape {shape.width}")
        self.shape = shape
        self.layout = layout
        self.tensors: dict[str, Float[Tensor, "..."]] = {
            name: torch.zeros(value.shape, dtype=torch.float64)
            for name, value in shape.build(torch.Generator()).state_dict().items()
        }
        self._used_units = [0] * shape.n_blocks

    def embed(self, channel: int, first: int, name: str) -> None:
        """One-hot embedding of consecutive values of a channel, from `first` on, in a subspace."""
        table, size = self.tensors[f"channels.{channel}.weight"], self.size(name)
        table[first : first + size, self.layout.at(name)] = _eye(size)

    def head(
        self,
        block: int,
        head: int,
        *,
        kinds: Mapping[int, float],
        moved: Mapping[str, str],
        match: Match | None = None,
        part: slice = slice(None),
        gain: float = 1.0,
    ) -> None:
        """Write an attention head.

        Args:
            kinds: kind of token -> score that it adds as a key, in units of `SHARPNESS`.
            moved: subspace read as a value -> subspace where it is added.
            match: adds `SHARPNESS` where it holds.
            part: coordinates of the subspaces that are moved; all that both have by default.
            gain: factor of what is moved.
        """
        queries, keys, values, out = (
            self.tensors[f"blocks.{block}.attn.W_{letter}"][head] for letter in "QKVO"
        )
        scale = SHARPNESS * self.shape.head_width**0.5
        kind = self.layout.at("kind")
        queries[kind, 0] = scale
        for number, score in kinds.items():
            keys[kind.start + number, 0] = score
        if match is not None:
            n = self.size(match.query)
            order = torch.arange(n) if match.order is None else match.order
            self._room("head", n + 1, self.shape.head_width)
            queries[self.layout.at(match.query), 1 : n + 1] = scale * _eye(n)
            keys[self.layout.at(match.key), 1 : n + 1] = _eye(n)[order].T
        column = 0
        for source, target in moved.items():
            n = min(self.size(source), self.size(target))
            places = torch.arange(n)[part]
            last = column + len(places)
            self._room("head", last, self.shape.head_width)
            inner = torch.arange(column, last)
            values[self.layout.at(source).start + places, inner] = 1.0
            out[inner, self.layout.at(target).start + places] = gain
            column = last

    def units(
        self,
        block: int,
        *,
        reads: Float[Tensor, "unit width"],
        bias: Float[Tensor, " unit"] | float,
        writes: Float[Tensor, "unit width"],
    ) -> None:
        """Add ReLU units: each adds its row of `writes` times relu(reads x + bias)."""
        first = self._used_units[block]
        last = first + len(reads)
        self._room("ReLU layer", last, self.shape.hidden)
        self.tensors[f"blocks.{block}.W_in.weight"][first:last] = reads
        self.tensors[f"blocks.{block}.W_in.bias"][first:last] = bias
        self.tensors[f"blocks.{block}.W_out.weight"][:, first:last] = writes.T
        self._used_units[block] = last

    def clear(self, block: int, *names: str) -> None:
        """Subtract what is positive in some subspaces."""
        for name in names:
            rows = self.rows(self.size(name), each={name: 1.0})
            self.units(block, reads=rows, bias=0.0, writes=-rows)

    def size(self, name: str) -> int:
        """Dimensions of a subspace."""
        return self.layout.sizes[name]

    def rows(
        self,
        n: int,
        *,
        each: Mapping[str, float] | None = None,
        every: Mapping[str, float] | None = None,
        kinds: Mapping[int, float] | None = None,
        constant: float = 0.0,
    ) -> Float[Tensor, "unit width"]:
        """Linear readings of the residual stream, one for each of n units.

        Args:
            n: units.
            each: subspace of size n -> factor; unit j reads coordinate j.
            every: subspace -> factor; all units read the sum of its coordinates.
            kinds: kind of token -> number read there.
            constant: number read at every token.
        """
        rows = torch.zeros(n, self.shape.width, dtype=torch.float64)
        for name, factor in (each or {}).items():
            rows[:, self.layout.at(name)] += factor * _eye(n)
        for name, factor in (every or {}).items():
            rows[:, self.layout.at(name)] += factor
        kind = self.layout.at("kind")
        rows[:, kind] += constant
        for number, value in (kinds or {}).items():
            rows[:, kind.start + number] += value
        return rows

    @staticmethod
    def _room(what: str, wanted: int, limit: int) -> None:
        if wanted > limit:
            raise Full(f"a {what} holds {limit}, {wanted} are wanted; make the shape larger")


def _eye(size: int) -> Float[Tensor, "size size"]:
    return torch.eye(size, dtype=torch.float64)
