"""Rows of unequal length as padded batches, and places in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from probes.arguments import require_word
from probes.texts.dataset import TextError
from probes.texts.encode import EncodedTexts

Side = Literal["left", "right"]

POOLS = ("mean", "max")
"""Positions that stand for all tokens of a text together."""


@dataclass(frozen=True)
class Batch:
    """Texts side by side, filled up to one length with a token that nothing attends to.

    Attributes:
        texts: their numbers.
        mask: where tokens of the texts stand.
    """

    texts: tuple[int, ...]
    tokens: Int[Tensor, "batch position"]
    mask: Bool[Tensor, "batch position"]

    @classmethod
    def padded(cls, encoded: EncodedTexts, texts: Sequence[int], side: Side) -> Batch:
        """Some of the texts; any token may fill them up, so the model needs none for that."""
        require_word("the side on which texts are filled up", side, get_args(Side), error=TextError)
        rows = [encoded.rows[number] for number in texts]
        length = max(map(len, rows))
        tokens = torch.zeros(len(rows), length, dtype=torch.long)
        mask = torch.zeros(len(rows), length, dtype=torch.bool)
        for number, row in enumerate(rows):
            place = slice(len(row)) if side == "right" else slice(length - len(row), length)
            tokens[number, place] = torch.tensor(row)
            mask[number, place] = True
        return cls(tuple(texts), tokens, mask)

    @property
    def numbers(self) -> Int[Tensor, "batch position"]:
        """Number of every token within its own text, from 0."""
        return (self.mask.long().cumsum(dim=1) - 1).clamp(min=0)


def plan(encoded: EncodedTexts, *, most_tokens: int, most_texts: int) -> list[tuple[int, ...]]:
    """Numbers of the texts of each batch, the longest texts first, so that little is filled up.

    Args:
        most_tokens: of a batch, with those that fill it up; a longer text comes alone.
    """
    order = sorted(range(len(encoded.rows)), key=lambda number: -len(encoded.rows[number]))
    batches = []
    while order:
        size = max(1, min(most_texts, most_tokens // len(encoded.rows[order[0]])))
        batches.append(tuple(order[:size]))
        order = order[size:]
    return batches


@dataclass(frozen=True)
class Places:
    """Which positions of each text are kept, in the order asked for.

    Attributes:
        names: one for each position.
        tokens: number within the text of each position that is a single token.
    """

    names: tuple[str, ...]
    tokens: Int[Tensor, "text token"]

    @classmethod
    def chosen(cls, encoded: EncodedTexts, positions: Sequence[str | int]) -> Places:
        """Positions by name: see `read_texts`.

        Raises:
            TextError: a name is unknown or stands there twice, a text is too short to have a
                position, or lacks an answer.
        """
        names = tuple(map(str, positions))
        if not names or len(set(names)) < len(names):
            raise TextError(f"wanted positions, none of them twice; got {list(names)}")
        columns = [_column(encoded, name) for name in names if name not in POOLS]
        empty = torch.zeros(len(encoded.rows), 0, dtype=torch.long)
        return cls(names, torch.stack(columns, dim=1) if columns else empty)

    def of(self, batch: Batch) -> Chosen:
        """The same positions as places in a batch."""
        starts = batch.mask.int().argmax(dim=1, keepdim=True)
        absent = None if bool(batch.mask.all()) else ~batch.mask[:, :, None]
        return Chosen(self.names, starts + self.tokens[list(batch.texts)], absent)


@dataclass(frozen=True)
class Chosen:
    """Places in one batch.

    Attributes:
        absent: where no token of a text stands; None where every place has one.
    """

    names: tuple[str, ...]
    columns: Int[Tensor, "batch token"]
    absent: Bool[Tensor, "batch position 1"] | None

    def to(self, device: torch.device) -> Chosen:
        """The same on a device."""
        absent = None if self.absent is None else self.absent.to(device)
        return Chosen(self.names, self.columns.to(device), absent)

    def take(
        self, activation: Float[Tensor, "batch position width"]
    ) -> Float[Tensor, "batch chosen width"]:
        """Activations at the places, in single precision."""
        rows = torch.arange(len(activation), device=activation.device)[:, None]
        single = iter(activation[rows, self.columns].float().unbind(dim=1))
        return torch.stack(
            [self._pooled(activation, n) if n in POOLS else next(single) for n in self.names], dim=1
        )

    def _pooled(
        self, activation: Float[Tensor, "batch position width"], name: str
    ) -> Float[Tensor, "batch width"]:
        if name == "max":
            if self.absent is not None:
                activation = activation.masked_fill(self.absent, -torch.inf)
            return activation.amax(dim=1).float()
        if self.absent is None:
            return activation.mean(dim=1, dtype=torch.float32)
        kept = activation.float().masked_fill(self.absent, 0)
        return kept.sum(dim=1) / (~self.absent).sum(dim=1)


def _column(encoded: EncodedTexts, name: str) -> Int[Tensor, " text"]:
    """Number within each text of the token that a position stands for."""
    if name == "answer":
        lacking = [n for n, start in enumerate(encoded.answer_starts) if start is None]
        if lacking:
            raise TextError(
                f"position 'answer' was asked for, and text {lacking[0]} has no answer (as "
                f"{len(lacking) - 1} more); give every text one, or leave the position out"
            )
        return torch.tensor(encoded.answer_starts)
    offset = -1 if name == "last" else int(name) if name.removeprefix("-").isdecimal() else 0
    if offset >= 0:
        raise TextError(
            f"got position {name!r}, wanted 'last', 'answer', {', '.join(map(repr, POOLS))} or a "
            "negative number that counts from the end, such as -2"
        )
    lengths = torch.tensor([len(row) for row in encoded.rows])
    if bool((lengths + offset < 0).any()):
        short = int(lengths.argmin())
        raise TextError(
            f"text {short} has {int(lengths[short])} tokens, so position {offset} is not in it; "
            "leave out the position or the text"
        )
    return lengths + offset
