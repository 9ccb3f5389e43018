"""The rows, labels and folds of a sweep: some positions, probed apart or pooled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from probes.features import Block, FeatureError, Features
from probes.folds import UNTESTED, Folds
from probes.targets import TargetError, Targets


@dataclass(frozen=True)
class Rows:
    """Instances at the probed positions; pooled positions are rows of their own, one position each.

    Attributes:
        features: where activations come from.
        positions: of the sites.
        pooled: whether one probe serves the rows of all positions.
        targets: labels of the rows.
        folds: of the rows; all rows of an instance are in one fold.
    """

    features: Features
    positions: tuple[int, ...]
    pooled: bool
    targets: Targets
    folds: Folds

    @classmethod
    def choose(
        cls,
        features: Features,
        targets: Targets,
        folds: Folds,
        *,
        positions: Sequence[int] | None = None,
        pooled: bool = False,
    ) -> Rows:
        """Rows of some positions, all if None.

        Raises:
            FeatureError: the positions are not at every site, or sites differ in their number.
            TargetError: the instances of features, targets and folds are not as many.
        """
        lengths = (features.n_instances, len(targets.labels), len(folds.of))
        if len(set(lengths)) > 1:
            raise TargetError(
                "features, targets and folds need the same instances, got "
                f"{lengths[0]}, {lengths[1]} and {lengths[2]}"
            )
        available = {site: features.shape(site)[0] for site in features.sites}
        if positions is None and len(set(available.values())) > 1:
            raise FeatureError(f"sites differ in positions, {available}; say which to probe")
        count = next(iter(available.values()))
        chosen = tuple(range(count)) if positions is None else tuple(positions)
        for site, size in available.items():
            if not chosen or not 0 <= min(chosen) <= max(chosen) < size:
                raise FeatureError(f"site {site!r} has positions 0 to {size - 1}, got {chosen}")
        labels = _labels_at(targets, chosen)
        spread = folds.of
        if pooled:
            labels = labels.expand(-1, len(chosen), -1).flatten(0, 1)[:, None]
            spread = spread.repeat_interleave(len(chosen))
        return cls(
            features,
            chosen,
            pooled,
            Targets(targets.names, labels, targets.n_classes),
            Folds(spread, folds.count),
        )

    def blocks(self, site: str) -> Iterator[Block]:
        """All rows at a site, in order."""
        everywhere = self.positions == tuple(range(self.features.shape(site)[0]))
        for block in self.features.blocks(site):
            rows = block.rows if everywhere else block.rows[:, list(self.positions)]
            if self.pooled:
                yield Block(block.start * len(self.positions), rows.flatten(0, 1)[:, None])
            else:
                yield Block(block.start, rows)

    @property
    def tested(self) -> Int[Tensor, " fold"]:
        """Rows that each fold tests."""
        return torch.bincount(self.folds.of[self.folds.of != UNTESTED], minlength=self.folds.count)


def _labels_at(targets: Targets, positions: tuple[int, ...]) -> Tensor:
    """Labels at some positions; labels of whole instances hold at each."""
    if targets.labels.shape[1] == 1:
        return targets.labels
    if max(positions) >= targets.labels.shape[1]:
        raise TargetError(
            f"labels have {targets.labels.shape[1]} positions, probed are {positions}; give one "
            "label per instance or one for every position"
        )
    return targets.labels[:, list(positions)]
