"""A batch of levels with keys and chests: walls, objects, the bag, context and the start cell."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Int
from torch import Tensor

MAX_KEYS, MAX_CHESTS, BAG = 3, 3, 3
"""Most keys and chests of a level, and keys that fit in the bag."""


@dataclass(frozen=True)
class KeyLevels:
    """Levels of one shape; cells are numbered row by row from the top left corner.

    A key is useful while the bag holds fewer keys than there are chests left; else chests are.

    Attributes:
        walls: True where a cell cannot be entered.
        keys: cells with a key.
        chests: cells with a closed chest.
        gem: cell of the gem; no cell holds two objects.
        lit: objects that are lit; False where there is no object.
        held: keys in the bag, 0 to `BAG`.
        context: value of every context slot.
        instructed: True where the instruct token asks for the gem.
        start: cell a rollout starts from; the network never sees it.
    """

    walls: Bool[Tensor, "batch side side"]
    keys: Bool[Tensor, "batch cell"]
    chests: Bool[Tensor, "batch cell"]
    gem: Int[Tensor, " batch"]
    lit: Bool[Tensor, "batch cell"]
    held: Int[Tensor, " batch"]
    context: Int[Tensor, "batch slot"]
    instructed: Bool[Tensor, " batch"]
    start: Int[Tensor, " batch"]

    def __post_init__(self) -> None:
        sizes = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(sizes.values())) != 1:
            raise ValueError(f"every field of a level batch needs the same length, got {sizes}")

    def __len__(self) -> int:
        return len(self.held)

    def __getitem__(self, index: slice | Tensor) -> KeyLevels:
        """Select levels by slice, index tensor or boolean mask."""
        return replace(self, **{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @property
    def side(self) -> int:
        """Number of rows, which is also the number of columns."""
        return self.walls.shape[-1]

    @property
    def blocked(self) -> Bool[Tensor, "batch cell"]:
        """Walls with the grid flattened to cells."""
        return self.walls.flatten(1)

    @property
    def gems(self) -> Bool[Tensor, "batch cell"]:
        """The gem's cell as a mask."""
        return at(self.gem, self.side)

    @property
    def objects(self) -> Bool[Tensor, "batch cell"]:
        """Cells with a key, a chest or the gem."""
        return self.keys | self.chests | self.gems

    @property
    def useful(self) -> Bool[Tensor, "batch cell"]:
        """Keys while the bag holds fewer than there are chests and a key is left, else chests."""
        return useful_cells(self.keys, self.chests, self.held)

    def fingerprints(self) -> list[bytes]:
        """One key per level, equal exactly where walls, objects, bag and instruction are equal.

        Contexts are left out: a level that differs only there is not a new problem.
        """
        cells = [self.blocked, self.keys, self.chests, self.lit]
        numbers = torch.stack([self.gem, self.held, self.instructed.long()], dim=1)
        seen = torch.cat([*(mask.long() for mask in cells), numbers], dim=1)
        return [row.tobytes() for row in seen.to(torch.uint8).cpu().numpy()]


def useful_cells(
    keys: Bool[Tensor, "batch cell"],
    chests: Bool[Tensor, "batch cell"],
    held: Int[Tensor, " batch"],
) -> Bool[Tensor, "batch cell"]:
    """Keys where the bag needs one and there is one, else chests."""
    wants_key = (held < chests.sum(1)) & keys.any(1)
    return torch.where(wants_key[:, None], keys, chests)


def at(cell: Int[Tensor, " batch"], side: int) -> Bool[Tensor, "batch cell"]:
    """Mask that is True at one cell per level."""
    return cell[:, None] == torch.arange(side * side, device=cell.device)
