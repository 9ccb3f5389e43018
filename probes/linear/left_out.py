"""Two-class probes at one site and position, each fitted without some folds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from probes.linear.closed_form import Method, fit_closed_form, require_two_classes
from probes.linear.features import Block
from probes.linear.folds import Folds
from probes.linear.logistic import Labelled, fit_logistic
from probes.linear.moments import Moments, training_moments
from probes.linear.rows import Targets
from probes.linear.sweep import Fit

ROWS_AT_ONCE = 4096
"""Rows that are summed at a time; bounds memory."""

FLAT = 1e-7
"""A column whose spread is smaller than this share of its size is constant up to rounding."""


@dataclass(frozen=True)
class Directions:
    """Probes for two classes: the score is rows · weights + bias, and above 0 says positive."""

    weights: Float[Tensor, "width target"]
    bias: Float[Tensor, " target"]

    def scores(self, rows: Float[Tensor, "row width"]) -> Float[Tensor, "row target"]:
        """Log odds of logistic and LDA probes, up to the penalty; in double precision."""
        return rows.double() @ self.weights + self.bias


class LeftOut:
    """All that is needed to fit probes without any folds, from one pass over the rows.

    Every fit divides columns by their spread in its own training rows, so that one penalty means
    the same at every site and no row that is tested has a say.

    Raises:
        TargetError: a label is of one class only.
    """

    def __init__(
        self,
        rows: Float[Tensor, "row width"],
        labels: Bool[Tensor, "row target"],
        folds: Folds,
    ) -> None:
        names = tuple(map(str, range(labels.shape[1])))
        self.rows, self.folds = rows, folds
        self.targets = Targets(names, labels.long()[:, None], (2,) * len(names))
        blocks = (
            Block(start, rows[start : start + ROWS_AT_ONCE, None])
            for start in range(0, len(rows), ROWS_AT_ONCE)
        )
        *trains, self.everything = training_moments(blocks, self.targets, folds)
        self.parts = [self.everything - train for train in trains]

    def fit(self, without: Iterable[int], fit: Fit, *, targets: slice = slice(None)) -> Directions:
        """Probes fitted on all rows but those of some folds.

        Args:
            targets: which of the labels.

        Raises:
            TargetError: a label has one class only among the training rows.
            FeatureError: the scatter is singular.
            NotConverged: logistic probes stopped early.
        """
        left = tuple(without)
        train = reduce(lambda rest, fold: rest - self.parts[fold], left, self.everything)
        columns = torch.arange(self.targets.n_labels).view(-1, 2)[targets].flatten()
        chosen = replace(
            self.targets,
            names=self.targets.names[targets],
            labels=self.targets.labels[:, :, targets],
            n_classes=self.targets.n_classes[targets],
        )
        spread = _spread(train)
        scaled = Moments(
            train.origin / spread,
            train.n,
            train.total / spread,
            train.gram / spread[:, :, None] / spread[:, None],
            train.counts[:, columns],
            train.sums[:, :, columns] / spread[:, :, None],
        )
        if fit.method is Method.logistic:
            require_two_classes(scaled, chosen)
            inside = torch.ones(len(self.rows), dtype=torch.bool)
            for fold in left:
                inside &= self.folds.of != fold
            inside = inside.to(self.rows.device)
            centred = (self.rows[inside, None] / spread - scaled.origin).float()
            kept = [Labelled(centred, chosen.labels.to(self.rows.device)[inside])]
            readout = fit_logistic(
                lambda: kept, scaled, chosen, inverse_penalty=fit.inverse_penalty
            )
        else:
            readout = fit_closed_form(scaled, chosen, method=fit.method, alpha=fit.alpha)
        weights = readout.weights[0] / spread[0, :, None]
        return Directions(
            weights[:, 1::2] - weights[:, ::2], readout.bias[0, 1::2] - readout.bias[0, ::2]
        )


def _spread(train: Moments) -> Float[Tensor, "position width"]:
    """Standard deviation of every column, 1 where it is constant."""
    deviation = (train.scatter.diagonal(dim1=1, dim2=2).clamp(min=0) / train.n).sqrt()
    size = (train.origin + train.mean).abs() + deviation.mean()
    return torch.where(deviation > FLAT * size, deviation, torch.ones_like(deviation))
