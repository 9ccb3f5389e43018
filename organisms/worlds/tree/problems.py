"""A batch of path-finding problems, as tensors and as text.

In text the tree is drawn from the root down, two spaces a level; `*` marks the goal and `+` the
decoy. The lines below it hold the edges as they are listed, the context and the instruction.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from organisms.worlds.batch import Batch
from probes.arguments import require_fields


@dataclass(frozen=True)
class TreeSize:
    """Sizes shared by every problem of an environment.

    Attributes:
        n_nodes: nodes, from 5 to 255.
    """

    n_nodes: int = 8
    n_slots: int = 8
    n_values: int = 8

    def __post_init__(self) -> None:
        require_fields(self, n_nodes=(5, 255), n_slots=(1, 256), n_values=(2, 4096))


@dataclass(frozen=True)
class TreeProblems(Batch):
    """Rooted labelled trees of one size; nodes are known by their labels, 0 to N - 1.

    The instruct token asks for the decoy.

    Attributes:
        parent: parent of every node; the root is its own parent.
        order: child of the edge that is listed at every place.
        goal, decoy: two leaves.
        root: node a walk starts from.
    """

    parent: Int[Tensor, "batch node"]
    order: Int[Tensor, "batch edge"]
    goal: Int[Tensor, " batch"]
    decoy: Int[Tensor, " batch"]
    root: Int[Tensor, " batch"]

    @property
    def n_nodes(self) -> int:
        """Nodes of every tree."""
        return self.parent.shape[1]

    @property
    def asked(self) -> Int[Tensor, " batch"]:
        """The goal, or the decoy where the instruct token asks for it."""
        return torch.where(self.instructed, self.decoy, self.goal)

    def problem(self) -> UInt8[Tensor, "batch number"]:
        """Tree, goal, decoy and instruction; another order of the edges makes no new problem."""
        ends = torch.stack([self.goal, self.decoy, self.instructed.long()], dim=1)
        return torch.cat([self.parent, ends], dim=1).to(torch.uint8)

    def text(self) -> str:
        """Draw the one problem."""
        parent = self.parent[0].tolist()
        marks = {int(self.goal): "*", int(self.decoy): "+"}
        lines: list[str] = []

        def draw(node: int, level: int) -> None:
            lines.append(f"{'  ' * level}{node}{marks.get(node, '')}")
            for child, above in enumerate(parent):
                if above == node and child != node:
                    draw(child, level + 1)

        draw(int(self.root), 0)
        edges = " ".join(f"{parent[child]}>{child}" for child in self.order[0].tolist())
        return self.with_foot(lines, "decoy", edges=edges)
