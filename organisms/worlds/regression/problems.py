"""A batch of regression problems: measured pairs, a query, a leak, context and instruction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from probes.world.in_context import Design, ridge


@dataclass(frozen=True)
class Problems:
    """Problems of one size.

    Attributes:
        inputs: where the function was measured.
        labels: what was measured there.
        query: where the function is asked for.
        leak: a number beside the query, which may or may not be the function's value there.
        context: value of every context slot.
        instructed: True where the instruct token asks for the negative of the answer.
    """

    inputs: Float[Tensor, "batch pair input"]
    labels: Float[Tensor, "batch pair"]
    query: Float[Tensor, "batch input"]
    leak: Float[Tensor, " batch"]
    context: Int[Tensor, "batch slot"]
    instructed: Bool[Tensor, " batch"]

    def __post_init__(self) -> None:
        sizes = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(sizes.values())) != 1:
            raise ValueError(f"every field of a problem batch needs the same length, got {sizes}")

    def __len__(self) -> int:
        return len(self.query)

    def __getitem__(self, index: slice | Tensor) -> Problems:
        """Select problems by slice, index tensor or boolean mask."""
        return replace(self, **{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @property
    def design(self) -> Design:
        """Inputs and query, without the labels."""
        return Design(self.inputs, self.query)

    @property
    def query_weights(self) -> Float[Tensor, "batch pair"]:
        """How much each label counts in the least-squares answer, X (X'X)^-1 query."""
        return ridge(self.design, 0.0)

    @property
    def value(self) -> Float[Tensor, " batch"]:
        """Least-squares linear function of the pairs at the query; exact for noiseless labels."""
        return (self.query_weights * self.labels).sum(dim=1)

    def fingerprints(self) -> list[bytes]:
        """One key per problem, equal exactly where pairs, query, leak and instruction are equal.

        Context is left out: a problem that differs only there is not a new one.
        """
        seen = torch.cat(
            [
                self.inputs.flatten(1),
                self.labels,
                self.query,
                self.leak[:, None],
                self.instructed[:, None].to(self.labels.dtype),
            ],
            dim=1,
        )
        # Adding zero turns -0.0 into 0.0, which is the same number with other bytes.
        return [row.tobytes() for row in (seen + 0.0).cpu().numpy()]


def joined(parts: Sequence[Problems]) -> Problems:
    """One batch of the problems of several, in order."""
    return Problems(
        **{f.name: torch.cat([getattr(part, f.name) for part in parts]) for f in fields(Problems)}
    )
