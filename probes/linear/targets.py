"""What probes are asked to decode: labels by instance, or by instance and position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Int
from torch import Tensor

from probes.errors import MesascopeError


class TargetError(MesascopeError, ValueError):
    """Labels that no probe can be fitted on; the message names the target."""


@dataclass(frozen=True)
class Targets:
    """Several classifications of the same instances.

    Attributes:
        names: one per target.
        labels: classes, numbered from 0 for every target; one position where a label belongs to
            the whole instance.
        n_classes: classes of every target.
    """

    names: tuple[str, ...]
    labels: Int[Tensor, "batch position target"]
    n_classes: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.names or len(set(self.names)) < len(self.names):
            raise TargetError(f"targets need names of their own, got {list(self.names)}")
        if self.labels.shape[2] != len(self.names) or len(self.n_classes) != len(self.names):
            raise TargetError(
                f"{len(self.names)} targets are named, {self.labels.shape[2]} labelled and "
                f"{len(self.n_classes)} counted"
            )
        for number, name in enumerate(self.names):
            column, count = self.labels[..., number], self.n_classes[number]
            if count < 2:
                raise TargetError(
                    f"target {name!r} has one class only, a probe needs two; widen the target or "
                    "the instances"
                )
            if int(column.min()) < 0 or int(column.max()) >= count:
                raise TargetError(f"labels of {name!r} lie outside 0 to {count - 1}")

    @classmethod
    def of(cls, labels: Mapping[str, Tensor]) -> Targets:
        """Targets from any integers, one per instance or one per instance and position.

        Raises:
            TargetError: a target has one class, shapes differ, or there is no target.
        """
        if not labels:
            raise TargetError("no targets to probe for")
        columns, counts = [], []
        for values in labels.values():
            classes, numbered = torch.unique(values, return_inverse=True)
            columns.append(numbered.view(len(values), -1))
            counts.append(len(classes))
        shapes = {column.shape for column in columns}
        if len({shape[0] for shape in shapes}) > 1:
            raise TargetError(f"targets have different numbers of instances: {sorted(shapes)}")
        width = max(shape[1] for shape in shapes)
        if any(shape[1] not in (1, width) for shape in shapes):
            raise TargetError(f"targets have different numbers of positions: {sorted(shapes)}")
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

    def shuffled(self, order: Int[Tensor, " batch"]) -> Targets:
        """The same labels on other instances; all targets and positions move together."""
        return Targets(self.names, self.labels[order], self.n_classes)

    @staticmethod
    def side_by_side(several: Mapping[str, Targets]) -> Targets:
        """One set of targets out of several, names prefixed by `key/`."""
        width = max(each.labels.shape[1] for each in several.values())
        return Targets(
            tuple(f"{key}/{name}" for key, each in several.items() for name in each.names),
            torch.cat([e.labels.expand(-1, width, -1) for e in several.values()], dim=2),
            tuple(count for each in several.values() for count in each.n_classes),
        )
