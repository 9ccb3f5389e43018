"""The rows, labels and folds of a sweep: some positions, probed apart or pooled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from probes.linear.features import Block, FeatureError, Features
from probes.linear.folds import UNTESTED, Folds
from probes.linear.targets import TargetError, Targets


@dataclass(frozen=True)
class Rows:
    """Instances at the probed positions; pooled positions are rows of their own, one position each.

    Attributes:
        features: where activations come from.
        positions: of the sites.
        pooled: whether one probe serves the rows of all positions.
        targets: labels of the rows.
        folds: of the rows; all rows of an instance are in one fold.
        by_instance: targets and folds as they were given.
        directions: site -> directions that take the place of positions, one number wide each; for
            every probed position its directions follow one another.
    """

    features: Features
    positions: tuple[int, ...]
    pooled: bool
    targets: Targets
    folds: Folds
    by_instance: tuple[Targets, Folds]
    directions: Mapping[str, Float[Tensor, "width direction"]] | None = None

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
            (targets, folds),
        )

    def again(
        self,
        *,
        features: Features | None = None,
        targets: Targets | None = None,
        positions: Sequence[int] | None = None,
    ) -> Rows:
        """Rows of the same instances and folds, with something else changed.

        Raises:
            FeatureError: the positions are not at every site.
            TargetError: the instances are not as many.
        """
        return Rows.choose(
            features or self.features,
            targets or self.by_instance[0],
            self.by_instance[1],
            positions=self.positions if positions is None else positions,
            pooled=self.pooled,
        )

    def blocks(self, site: str) -> Iterator[Block]:
        """All rows at a site, in order."""
        everywhere = self.positions == tuple(range(self.features.shape(site)[0]))
        for block in self.features.blocks(site):
            rows, start = block.rows, block.start
            if not everywhere:
                rows = rows[:, list(self.positions)]
            if self.pooled:
                rows, start = rows.flatten(0, 1)[:, None], start * len(self.positions)
            if self.directions is not None:
                rows = (rows @ self.directions[site].to(rows)).flatten(1)[:, :, None]
            yield Block(start, rows)

    def along(self, directions: Mapping[str, Float[Tensor, "width direction"]]) -> Rows:
        """The same rows as seen along some directions, as many at every site."""
        labels = self.targets.labels
        if labels.shape[1] > 1:
            count = next(iter(directions.values())).shape[1]
            labels = labels.repeat_interleave(count, dim=1)
        return replace(self, targets=replace(self.targets, labels=labels), directions=directions)

    @property
    def columns(self) -> tuple[int, ...]:
        """Position of every probe at a site, in order."""
        count = 1
        if self.directions is not None:
            count = next(iter(self.directions.values())).shape[1]
        probed = self.positions[:1] if self.pooled else self.positions
        return tuple(position for position in probed for _ in range(count))

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
