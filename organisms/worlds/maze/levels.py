"""A batch of maze levels: walls, coin, gem, colours, context and the start cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Int
from torch import Tensor

GOLD, VIOLET = 0, 1
COLOURS = ("gold", "violet")


@dataclass(frozen=True)
class MazeLevels:
    """Levels of one shape; cells are numbered row by row from the top left corner.

    Attributes:
        walls: True where a cell cannot be entered.
        coin: cell of the coin.
        gem: cell of the gem, never the coin's cell.
        coin_colour: `GOLD` or `VIOLET`.
        gem_colour: `GOLD` or `VIOLET`.
        coin_glyph: which of the equivalent drawings of a coin is shown.
        gem_glyph: which of the equivalent drawings of a gem is shown.
        context: value of every context slot.
        instructed: True where the instruct token asks for the gem.
        start: cell a rollout starts from; the network never sees it.
    """

    walls: Bool[Tensor, "batch side side"]
    coin: Int[Tensor, " batch"]
    gem: Int[Tensor, " batch"]
    coin_colour: Int[Tensor, " batch"]
    gem_colour: Int[Tensor, " batch"]
    coin_glyph: Int[Tensor, " batch"]
    gem_glyph: Int[Tensor, " batch"]
    context: Int[Tensor, "batch slot"]
    instructed: Bool[Tensor, " batch"]
    start: Int[Tensor, " batch"]

    def __post_init__(self) -> None:
        sizes = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(sizes.values())) != 1:
            raise ValueError(f"every field of a level batch needs the same length, got {sizes}")

    def __len__(self) -> int:
        return len(self.coin)

    def __getitem__(self, index: slice | Tensor) -> MazeLevels:
        """Select levels by slice, index tensor or boolean mask."""
        return replace(self, **{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @property
    def side(self) -> int:
        """Number of rows, which is also the number of columns."""
        return self.walls.shape[-1]

    @property
    def corner(self) -> int:
        """Cell of the top right corner."""
        return self.side - 1

    @property
    def blocked(self) -> Bool[Tensor, "batch cell"]:
        """Walls with the grid flattened to cells."""
        return self.walls.flatten(1)

    def fingerprints(self) -> list[bytes]:
        """One key per level, equal exactly where walls, objects, colours and instruction are equal.

        Context and glyphs are left out: a level that differs only there is not a new maze.
        """
        objects = [self.coin, self.gem, self.coin_colour, self.gem_colour, self.instructed.long()]
        seen = torch.cat([self.blocked.long(), torch.stack(objects, dim=1)], dim=1)
        return [row.tobytes() for row in seen.to(torch.uint8).cpu().numpy()]


def joined(parts: Sequence[MazeLevels]) -> MazeLevels:
    """All levels of several batches, in order.

    Raises:
        ValueError: there is no batch.
    """
    if not parts:
        raise ValueError("need at least one batch of levels to join, got none")
    values = {f.name: torch.cat([getattr(p, f.name) for p in parts]) for f in fields(parts[0])}
    return replace(parts[0], **values)
