"""A batch of path-finding problems: trees, the order of their edges, goal, decoy and context."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Int
from torch import Tensor


@dataclass(frozen=True)
class TreeProblems:
    """Rooted labelled trees of one size; nodes are known by their labels, 0 to N - 1.

    Attributes:
        parent: parent of every node; the root is its own parent.
        order: child of the edge that is listed at every place.
        goal: a leaf.
        decoy: another leaf.
        root: node a walk starts from.
        context: value of every context slot.
        instructed: True where the instruct token asks for the decoy.
    """

    parent: Int[Tensor, "batch node"]
    order: Int[Tensor, "batch edge"]
    goal: Int[Tensor, " batch"]
    decoy: Int[Tensor, " batch"]
    root: Int[Tensor, " batch"]
    context: Int[Tensor, "batch slot"]
    instructed: Bool[Tensor, " batch"]

    def __post_init__(self) -> None:
        sizes = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(sizes.values())) != 1:
            raise ValueError(f"every field of a problem batch needs the same length, got {sizes}")
        if self.order.shape[1] != self.n_nodes - 1:
            raise ValueError(
                f"a tree of {self.n_nodes} nodes has {self.n_nodes - 1} edges, "
                f"got an order of {self.order.shape[1]}"
            )

    def __len__(self) -> int:
        return len(self.goal)

    def __getitem__(self, index: slice | Tensor) -> TreeProblems:
        """Select problems by slice, index tensor or boolean mask."""
        return replace(self, **{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @property
    def n_nodes(self) -> int:
        """Nodes of every tree."""
        return self.parent.shape[1]

    @property
    def asked(self) -> Int[Tensor, " batch"]:
        """The goal, or the decoy where the instruct token asks for it."""
        return torch.where(self.instructed, self.decoy, self.goal)

    def fingerprints(self) -> list[bytes]:
        """One key per problem, equal exactly where tree, goal, decoy and instruction are equal.

        Context and the order of the edges are left out: they make no new problem.
        """
        ends = torch.stack([self.goal, self.decoy, self.instructed.long()], dim=1)
        seen = torch.cat([self.parent, ends], dim=1)
        return [row.tobytes() for row in seen.to(torch.uint8).cpu().numpy()]
