"""Instances of a world side by side in tensors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from jaxtyping import Bool, Int
from torch import Tensor

_Own = TypeVar("_Own", bound="Batch")


@dataclass(frozen=True)
class Batch(ABC):
    """What the instances of every world have; each field holds one row per instance.

    Attributes:
        instructed: True where the instruct token asks for something else than usual.
    """

    context: Int[Tensor, "batch slot"]
    instructed: Bool[Tensor, " batch"]

    def __post_init__(self) -> None:
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"every field of a batch needs the same length, got {lengths}")

    def __len__(self) -> int:
        return len(self.context)

    def __getitem__(self: _Own, index: slice | Tensor) -> _Own:
        """Select instances by slice, index tensor or boolean mask."""
        return replace(self, **{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @abstractmethod
    def problem(self) -> Tensor:
        """One row per instance, equal exactly where the problem is; contexts do not count."""

    @abstractmethod
    def text(self) -> str:
        """The one instance of a batch of one as text."""

    def with_foot(self, body: Sequence[str], asked: str, **further: str) -> str:
        """A drawing and the lines below it, for `text`.

        Args:
            asked: what the instruct token asks for, in a word.
            further: name and text of the lines before those of context and instruction.
        """
        context = " ".join(str(value) for value in self.context[0].tolist())
        told = asked if bool(self.instructed[0]) else "none"
        foot = {**further, "context": context, "instruct": told}
        return "\n".join([*body, *(f"{name} {text}" for name, text in foot.items())])

    def fingerprints(self) -> list[bytes]:
        """One key per instance, equal exactly where the problem is."""
        return [row.tobytes() for row in self.problem().cpu().numpy()]


BatchT = TypeVar("BatchT", bound=Batch)


def joined(parts: Sequence[BatchT]) -> BatchT:
    """All instances of several batches, in order.

    Raises:
        ValueError: there is no batch.
    """
    if not parts:
        raise ValueError("need at least one batch to join, got none")
    values = {f.name: torch.cat([getattr(p, f.name) for p in parts]) for f in fields(parts[0])}
    return replace(parts[0], **values)


def change_context(batch: BatchT, size: Any, generator: torch.Generator) -> BatchT:
    """The edit that every world has: redraw every context slot; the instruct token stays."""
    context = torch.randint(
        size.n_values, batch.context.shape, generator=generator, device=generator.device
    )
    return replace(batch, context=context)


def enough(n: int, draw: Callable[[int], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    """`n` rows of several tensors, from a draw of which not every row is of use.

    Args:
        draw: the useful rows among about as many tries as are still missing.
    """
    kept: list[tuple[Tensor, ...]] = []
    missing = n
    while missing > 0:
        kept.append(draw(missing))
        missing -= len(kept[-1][0])
    return tuple(torch.cat(parts)[:n] for parts in zip(*kept, strict=True))
