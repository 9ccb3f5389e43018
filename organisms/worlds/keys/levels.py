"""A batch of levels with keys and chests, as tensors and as text.

In text `#` is a wall, `.` floor, `K` a lit key, `k` an unlit one, `C` and `c` chests, `G` and `g`
the gem, `S` the start. The lines below the grid hold the number of keys in the bag, the context and
the instruction.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int, UInt8
from torch import Tensor

from organisms.worlds.grid_world import GridLevels
from probes.arguments import require_fields

MAX_KEYS, MAX_CHESTS, BAG = 3, 3, 3
"""Most keys and chests of a level, and keys that fit in the bag."""


@dataclass(frozen=True)
class KeysSize:
    """Sizes shared by every level of an environment.

    Attributes:
        side: rows and columns, at least 5 so that every object has a place.
    """

    side: int = 5
    n_slots: int = 8
    n_values: int = 8

    def __post_init__(self) -> None:
        require_fields(self, side=(5, 64), n_slots=(1, 256), n_values=(2, 4096))


@dataclass(frozen=True)
class KeyLevels(GridLevels):
    """Levels with keys and chests; the instruct token asks for the gem.

    A key is useful while the bag holds fewer keys than there are chests left; else chests are.

    Attributes:
        gem: cell of the gem; no cell holds two objects.
        lit: objects that are lit; False where there is no object.
        held: keys in the bag, 0 to `BAG`.
    """

    keys: Bool[Tensor, "batch cell"]
    chests: Bool[Tensor, "batch cell"]
    gem: Int[Tensor, " batch"]
    lit: Bool[Tensor, "batch cell"]
    held: Int[Tensor, " batch"]

    @property
    def gems(self) -> Bool[Tensor, "batch cell"]:
        """The gem's cell as a mask."""
        return self.at(self.gem)

    @property
    def objects(self) -> Bool[Tensor, "batch cell"]:
        """Cells with a key, a chest or the gem."""
        return self.keys | self.chests | self.gems

    @property
    def useful(self) -> Bool[Tensor, "batch cell"]:
        """Keys while the bag holds fewer than there are chests and a key is left, else chests."""
        return useful_cells(self.keys, self.chests, self.held)

    def problem(self) -> UInt8[Tensor, "batch number"]:
        """Walls, objects, lights, bag and instruction."""
        cells = [self.blocked, self.keys, self.chests, self.lit]
        numbers = torch.stack([self.gem, self.held, self.instructed.long()], dim=1)
        return torch.cat([*(mask.long() for mask in cells), numbers], dim=1).to(torch.uint8)

    def text(self) -> str:
        """Draw the one level."""
        letters = {}
        for letter, mask in (("k", self.keys), ("c", self.chests), ("g", self.gems)):
            for cell in mask[0].nonzero().flatten().tolist():
                letters[cell] = letter.upper() if bool(self.lit[0, cell]) else letter
        return self.with_foot(self.rows(letters), "gem", held=str(int(self.held)))


def useful_cells(
    keys: Bool[Tensor, "batch cell"],
    chests: Bool[Tensor, "batch cell"],
    held: Int[Tensor, " batch"],
) -> Bool[Tensor, "batch cell"]:
    """Keys where the bag needs one and there is one, else chests."""
    wants_key = (held < chests.sum(1)) & keys.any(1)
    return torch.where(wants_key[:, None], keys, chests)
