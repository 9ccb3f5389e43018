"""Sums over rows, fold by fold, from which all closed-form probes of a site follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

import torch
from jaxtyping import Float
from torch import Tensor

from probes.linear.features import Block
from probes.linear.folds import UNTESTED, Folds
from probes.linear.rows import Targets

ORIGIN_ROWS = 256
"""Rows whose mean is the origin."""


@dataclass(frozen=True)
class Moments:
    """Double-precision sums over some rows, about a fixed origin near their mean.

    Attributes:
        origin: subtracted from every row beforehand, so that no digits are lost.
        total, gram: sum of rows and of their outer products.
        counts: rows of every class of every target, targets side by side.
        sums: sum of the rows of every class.
    """

    origin: Float[Tensor, "position width"]
    n: int
    total: Float[Tensor, "position width"]
    gram: Float[Tensor, "position width width"]
    counts: Float[Tensor, "position label"]
    sums: Float[Tensor, "position width label"]

    def __add__(self, other: Moments) -> Moments:
        """The sums over the rows of both."""
        return self._combined(other, 1)

    def __sub__(self, other: Moments) -> Moments:
        """The sums over the rows that are not in `other`, which is part of these."""
        return self._combined(other, -1)

    def _combined(self, other: Moments, sign: int) -> Moments:
        return Moments(
            self.origin,
            self.n + sign * other.n,
            self.total.add(other.total, alpha=sign),
            self.gram.add(other.gram, alpha=sign),
            self.counts.add(other.counts, alpha=sign),
            self.sums.add(other.sums, alpha=sign),
        )

    @property
    def mean(self) -> Float[Tensor, "position width"]:
        """Mean row, less the origin."""
        return self.total / self.n

    @property
    def scatter(self) -> Float[Tensor, "position width width"]:
        """Sum of outer products about the mean."""
        mean = self.mean
        return self.gram - self.n * mean[:, :, None] * mean[:, None]

    @property
    def deviations(self) -> Float[Tensor, "position width label"]:
        """Rows of a class times the distance of its mean from the mean of all."""
        return self.sums - self.counts[:, None] * self.mean[:, :, None]


def training_moments(blocks: Iterable[Block], targets: Targets, folds: Folds) -> list[Moments]:
    """One pass over a site: the sums over the training rows of every fold, then over all rows.

    Rows are summed once, by the fold that tests them; what a fold trains on is all rows less those
    it tests. With a single fold the tested rows are not summed, and nothing over all rows follows.

    Args:
        blocks: every row once, in order.
    """
    numbers = [UNTESTED] if folds.count == 1 else [UNTESTED, *range(folds.count)]
    parts: dict[int, Moments] = {}
    origin: Tensor | None = None
    for block in blocks:
        if origin is None:
            origin = block.rows[:ORIGIN_ROWS].double().mean(dim=0)
        place = slice(block.start, block.start + len(block.rows))
        labels = targets.labels[place].to(block.rows.device)
        fold = folds.of[place]
        for number in numbers:
            inside = (fold == number).nonzero().squeeze(1).to(block.rows.device)
            if len(inside):
                new = _sums(block.rows[inside] - origin, labels[inside], targets, origin)
                parts[number] = parts[number] + new if number in parts else new
    if folds.count == 1:
        return [parts[UNTESTED]]
    everything = reduce(add, parts.values())
    return [*(everything - parts[fold] for fold in range(folds.count)), everything]


def _sums(
    rows: Float[Tensor, "batch position width"],
    labels: Tensor,
    targets: Targets,
    origin: Float[Tensor, "position width"],
) -> Moments:
    by_position = rows.transpose(0, 1)
    n, position, width = rows.shape
    sums = rows.new_empty(position, width, targets.n_labels)
    counts = rows.new_empty(position, targets.n_labels)
    if labels.shape[1] == 1:  # one label for all positions of an instance
        classes = _one_hot(labels[:, 0], targets, dtype=rows.dtype)
        counts[:] = classes.sum(dim=0)
        joined = torch.mm(classes.T, rows.flatten(1))
        sums[:] = joined.view(-1, position, width).permute(1, 2, 0)
    else:
        for place in range(position):
            classes = _one_hot(labels[:, place], targets, dtype=rows.dtype)
            counts[place] = classes.sum(dim=0)
            sums[place] = torch.mm(rows[:, place].T, classes)
    gram = by_position.transpose(1, 2) @ by_position
    return Moments(origin, n, rows.sum(dim=0), gram, counts, sums)


def _one_hot(
    labels: Tensor, targets: Targets, *, dtype: torch.dtype
) -> Float[Tensor, "batch label"]:
    """Classes of all targets side by side."""
    columns = labels + targets.offsets.to(labels.device)
    blank = torch.zeros(len(labels), targets.n_labels, dtype=dtype, device=labels.device)
    return blank.scatter_(1, columns, 1.0)
