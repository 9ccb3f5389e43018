"""Probes at every site and position for every target, each tested on instances it never saw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from jaxtyping import Float, Int
from torch import Tensor

from probes.arguments import require_fields
from probes.linear.closed_form import Method, Readout, fit_closed_form, require_two_classes
from probes.linear.logistic import Labelled, fit_logistic
from probes.linear.moments import Moments, training_moments
from probes.linear.rows import Rows, Targets

SCORES_AT_ONCE = 2**24
"""Class scores computed at a time; bounds memory, never changes a result."""


@dataclass(frozen=True)
class Fit:
    """How the probes of a sweep are fitted.

    Attributes:
        alpha: penalty of ridge and LDA, in units of squared activations summed over rows.
        inverse_penalty: C of logistic probes.

    Raises:
        ArgumentError: another method, a negative penalty, or one that is not finite.
    """

    method: Method = Method.ridge
    alpha: float = 1.0
    inverse_penalty: float = 1.0

    def __post_init__(self) -> None:
        require_fields(self, alpha=(0, None), inverse_penalty=(0, None))


@dataclass(frozen=True)
class Sweep:
    """How many test rows the probes of a sweep get right.

    Attributes:
        positions: probed positions; where they are pooled the first stands for all.
        correct: test rows with the right class.
        tested: rows that each fold tests.
        common: test rows in the largest class of their fold's training rows.
    """

    sites: tuple[str, ...]
    positions: tuple[int, ...]
    targets: tuple[str, ...]
    correct: Int[Tensor, "site position target fold"]
    tested: Int[Tensor, " fold"]
    common: Int[Tensor, "position target fold"]

    @property
    def fold_accuracy(self) -> Float[Tensor, "site position target fold"]:
        """Share of the test rows of each fold that are right, in [0, 1]."""
        return self.correct / self.tested

    @property
    def accuracy(self) -> Float[Tensor, "site position target"]:
        """Share of all test rows that are right, in [0, 1]."""
        return self.correct.sum(dim=3) / self.tested.sum()

    @property
    def chance(self) -> Float[Tensor, "position target"]:
        """Accuracy of always saying the largest training class, in [0, 1]."""
        return self.common.sum(dim=2) / self.tested.sum()


def sweep(rows: Rows, *, fit: Fit) -> Sweep:
    """Fit and test probes for all sites, positions, targets and folds.

    Closed forms read a site twice, logistic probes once more for every step in every fold; see
    `Features` for when that runs the network again.

    Raises:
        FeatureError: activations cannot be used, or their scatter is singular.
        TargetError: a target has one class among the training rows of a fold.
        NotConverged: logistic probes stopped early.
    """
    correct: list[Tensor] = []
    common: list[Tensor] = []
    for site in rows.features.sites:
        trains = training_moments(rows.blocks(site), rows.targets, rows.folds)[: rows.folds.count]
        fitted = [_fitted(rows, site, fold, train, fit) for fold, train in enumerate(trains)]
        correct.append(_count_right(rows, site, fitted))
        if not common:
            common = [_common(rows, fold, train) for fold, train in enumerate(trains)]
    return Sweep(
        rows.features.sites,
        rows.columns,
        rows.targets.names,
        torch.stack(correct),
        rows.tested,
        torch.stack(common, dim=2),
    )


def _fitted(rows: Rows, site: str, fold: int, train: Moments, fit: Fit) -> Readout:
    """Probes for a fold, fitted on the rows outside it."""
    if fit.method is not Method.logistic:
        return fit_closed_form(train, rows.targets, method=fit.method, alpha=fit.alpha)
    require_two_classes(train, rows.targets)

    def labelled() -> Iterator[Labelled]:
        for block in rows.blocks(site):
            place = slice(block.start, block.start + len(block.rows))
            device = block.rows.device
            inside = (rows.folds.of[place] != fold).to(device)
            activations = block.rows - train.origin.to(block.rows.dtype)
            labels = rows.targets.labels[place].to(device)
            yield Labelled(activations[inside], labels[inside])

    kept = list(labelled()) if rows.features.keeps(site) else None
    blocks: Callable[[], Iterable[Labelled]] = labelled if kept is None else lambda: kept
    return fit_logistic(blocks, train, rows.targets, inverse_penalty=fit.inverse_penalty)


def _common(rows: Rows, fold: int, train: Moments) -> Int[Tensor, "position target"]:
    """Test rows of a fold in its largest training class."""
    labels, counts = rows.targets.labels[rows.folds.tested(fold)], train.counts.cpu()
    places = zip(rows.targets.offsets.tolist(), rows.targets.n_classes, strict=True)
    largest = [counts[:, start : start + size].argmax(dim=1) for start, size in places]
    return (labels == torch.stack(largest, dim=1)).sum(dim=0)


def _count_right(
    rows: Rows, site: str, fitted: Sequence[Readout]
) -> Int[Tensor, "position target fold"]:
    """Test rows that get their class, by the probes of their fold."""
    targets = rows.targets
    n_positions = fitted[0].bias.shape[0]
    right = torch.zeros(n_positions, len(targets.names), len(fitted), dtype=torch.long)
    right = right.to(fitted[0].bias.device)
    for block in rows.blocks(site):
        place = slice(block.start, block.start + len(block.rows))
        of = rows.folds.of[place].to(block.rows.device)
        labels = targets.labels[place].to(block.rows.device)
        for fold, readout in enumerate(fitted):
            inside = (of == fold).nonzero().squeeze(1)
            if len(inside):
                right[..., fold] += _right(block.rows[inside], labels[inside], targets, readout)
    return right.cpu()


def _right(
    activations: Float[Tensor, "batch position width"],
    labels: Int[Tensor, "batch label_position target"],
    targets: Targets,
    readout: Readout,
) -> Int[Tensor, "position target"]:
    """Rows that get their class; neighbouring targets with equally many classes go together."""
    columns = []
    each = max(1, SCORES_AT_ONCE // activations[..., 0].numel())
    for size, same in groupby(range(len(targets.names)), targets.n_classes.__getitem__):
        alike, together = list(same), max(1, each // size)
        for first in range(alike[0], alike[-1] + 1, together):
            last = min(first + together, alike[-1] + 1)
            start = int(targets.offsets[first])
            place = slice(start, start + (last - first) * size)
            part = Readout(readout.weights[..., place], readout.bias[:, place])
            scores = part.scores(activations)
            decided = scores.view(*scores.shape[:2], last - first, size).argmax(dim=3)
            wanted = labels[..., first:last].transpose(0, 1)
            columns.append((decided == wanted).sum(dim=1))
    return torch.cat(columns, dim=1)
