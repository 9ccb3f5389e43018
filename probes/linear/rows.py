"""What probes decode from what: labels, and the rows of activations that they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from probes.errors import MesascopeError
from probes.linear.features import Block, FeatureError, Features
from probes.linear.folds import UNTESTED, Folds


class TargetError(MesascopeError, ValueError):
    """Labels that no probe can be fitted on; the message names the target."""


@dataclass(frozen=True)
class Targets:
    """Several classifications of the same instances.

    Attributes:
        labels: classes, numbered from 0 for every target; one position where a label belongs to
            the whole instance.
    """

    names: tuple[str, ...]
    labels: Int[Tensor, "batch position target"]
    n_classes: tuple[int, ...]

    @classmethod
    def of(cls, labels: Mapping[str, Tensor]) -> Targets:
        """Targets from any integers, one per instance or one per instance and position.

        Raises:
            TargetError: a target has one class or a label that is not finite, shapes differ, or
                there is no target.
        """
        if not labels:
            raise TargetError("no targets to probe for")
        columns, counts = [], []
        for name, values in labels.items():
            if not bool(values.isfinite().all()):
                raise TargetError(
                    f"target {name!r} has labels that are NaN or infinite; leave those instances "
                    "out, or give them a class"
                )
            classes, numbered = torch.unique(values, return_inverse=True)
            if len(classes) < 2:
                raise TargetError(
                    f"target {name!r} has one class only, a probe needs two; widen the target or "
                    "the instances"
                )
            columns.append(numbered.view(len(values), -1))
            counts.append(len(classes))
        shapes = {column.shape for column in columns}
        width = max(shape[1] for shape in shapes)
        if len({shape[0] for shape in shapes}) > 1 or {shape[1] for shape in shapes} - {1, width}:
            raise TargetError(
                f"targets differ in their numbers of instances or positions: {sorted(shapes)}"
            )
        stacked = torch.stack([column.expand(-1, width) for column in columns], dim=2)
        return cls(tuple(labels), stacked, tuple(counts))

    @cached_property
    def offsets(self) -> Int[Tensor, " target"]:
        """Where the classes of every target start when all are put side by side."""
        return torch.tensor((0, *self.n_classes[:-1])).cumsum(dim=0)

    @property
    def n_labels(self) -> int:
        """Classes of all targets together."""
        return sum(self.n_classes)

    def at(self, positions: Sequence[int]) -> Int[Tensor, "batch position target"]:
        """Labels at some positions; labels of whole instances hold at each.

        Raises:
            TargetError: there is no label at a position.
        """
        count = self.labels.shape[1]
        if count == 1:
            return self.labels
        if max(positions) >= count:
            raise TargetError(
                f"labels have {count} positions, probed are {tuple(positions)}; give one label per "
                "instance or one for every position"
            )
        return self.labels[:, list(positions)]


@dataclass(frozen=True)
class Rows:
    """Instances at the probed positions; pooled positions are rows of their own, one position each.

    Attributes:
        pooled: whether one probe serves the rows of all positions.
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
                f"features, targets and folds need the same instances, got {lengths} of them"
            )
        available = {site: features.shape(site)[0] for site in features.sites}
        if positions is None and len(set(available.values())) > 1:
            raise FeatureError(f"sites differ in positions, {available}; say which to probe")
        chosen = tuple(range(min(available.values())) if positions is None else positions)
        for site, size in available.items():
            if not chosen or not 0 <= min(chosen) <= max(chosen) < size:
                raise FeatureError(f"site {site!r} has positions 0 to {size - 1}, got {chosen}")
        labels, spread = targets.at(chosen), folds.of
        if pooled:
            labels = labels.expand(-1, len(chosen), -1).flatten(0, 1)[:, None]
            spread = spread.repeat_interleave(len(chosen))
        return cls(
            features,
            chosen,
            pooled,
            replace(targets, labels=labels),
            replace(folds, of=spread),
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
            positions=positions or self.positions,
            pooled=self.pooled,
        )

    def along(self, directions: Mapping[str, Float[Tensor, "width direction"]]) -> Rows:
        """The same rows as seen along some directions, as many at every site."""
        labels = self.targets.labels
        if labels.shape[1] > 1:
            count = next(iter(directions.values())).shape[1]
            labels = labels.repeat_interleave(count, dim=1)
        return replace(self, targets=replace(self.targets, labels=labels), directions=directions)

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
