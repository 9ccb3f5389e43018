"""Sums over instances, fold by fold, from which every closed-form probe of a site follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from probes.linear.features import Block
from probes.linear.folds import UNTESTED, Folds
from probes.linear.targets import Targets

ORIGIN_ROWS = 256
"""Rows whose mean is the origin."""


@dataclass(frozen=True)
class Moments:
    """Double-precision sums over some rows, about a fixed origin near their mean.

    Attributes:
        origin: subtracted from every row beforehand, so that no digits are lost.
        n: rows.
        total: sum of rows.
        gram: sum of outer products of rows.
        counts: rows of every class of every target, targets side by side.
        sums: sum of the rows of every class.
    """

    origin: Float[Tensor, "position width"]
    n: int
    total: Float[Tensor, "position width"]
    gram: Float[Tensor, "position width width"]
    counts: Float[Tensor, "position label"]
    sums: Float[Tensor, "position width label"]

    def without(self, other: Moments) -> Moments:
        """The same sums over the rows that are not in `other`, which is part of these."""
        return Moments(
            self.origin,
            self.n - other.n,
            self.total - other.total,
            self.gram - other.gram,
            self.counts - other.counts,
            self.sums - other.sums,
        )

    def joined(self, other: Moments) -> Moments:
        """The sums over the rows of both."""
        return Moments(
            self.origin,
            self.n + other.n,
            self.total + other.total,
            self.gram + other.gram,
            self.counts + other.counts,
            self.sums + other.sums,
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

    Rows are summed by the fold that tests them, once each; the rows that a fold trains on are all
    less those it tests. With a single fold the tested rows are not summed at all, and there is
    nothing over all rows.

    Args:
        blocks: every row once, in order.
        targets: labels of all rows.
        folds: of all rows.
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
                parts[number] = parts[number].joined(new) if number in parts else new
    if folds.count == 1:
        return [parts[UNTESTED]]
    everything = None
    for part in parts.values():
        everything = part if everything is None else everything.joined(part)
    if everything is None:
        raise ValueError("no block of activations to sum over")
    return [*(everything.without(parts[fold]) for fold in range(folds.count)), everything]


def _sums(
    rows: Float[Tensor, "batch position width"],
    labels: Tensor,
    targets: Targets,
    origin: Float[Tensor, "position width"],
) -> Moments:
    by_position = rows.transpose(0, 1)
    n, position, width = rows.shape
    shared = labels.shape[1] == 1
    sums = torch.empty(position, width, targets.n_labels, dtype=rows.dtype, device=rows.device)
    counts = torch.empty(position, targets.n_labels, dtype=rows.dtype, device=rows.device)
    for place in range(1 if shared else position):
        classes = indicators(labels[:, place], targets, dtype=rows.dtype)
        counts[place] = classes.sum(dim=0)
        if shared:
            counts[:] = counts[place]
            joined = torch.mm(classes.T, rows.flatten(1))
            sums[:] = joined.view(-1, position, width).permute(1, 2, 0)
        else:
            sums[place] = torch.mm(rows[:, place].T, classes)
    gram = by_position.transpose(1, 2) @ by_position
    return Moments(origin, n, rows.sum(dim=0), gram, counts, sums)


def indicators(
    labels: Tensor, targets: Targets, *, dtype: torch.dtype
) -> Float[Tensor, "batch label"]:
    """One-hot classes of all targets side by side.

    Args:
        labels: shape (batch, target).
        targets: gives the number of classes.
        dtype: of the result.
    """
    columns = labels + targets.offsets.to(labels.device)
    blank = torch.zeros(len(labels), targets.n_labels, dtype=dtype, device=labels.device)
    return blank.scatter_(1, columns, 1.0)
