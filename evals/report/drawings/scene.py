"""What lies where on a square grid, ready to be drawn: walls, objects, a marked cell, the start."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from jaxtyping import Bool
from torch import Tensor

from organisms.worlds.keys.levels import KeyLevels
from organisms.worlds.maze.levels import COLOURS, MazeLevels

Outline = Literal["disc", "diamond", "box"]
Place = tuple[float, float]


@dataclass(frozen=True)
class Piece:
    """One object.

    Attributes:
        spoken: what it is, with its look, such as "gold coin".
        place: the cell that holds it, in words, such as "the coin".
    """

    cell: int
    outline: Outline
    colour: str
    letter: str
    spoken: str
    place: str


@dataclass(frozen=True)
class Scene:
    """One level of a grid world.

    Attributes:
        side: rows, which is also the number of columns.
        blocked: whether a cell is a wall, row by row from the top left corner.
        start: cell a walk starts from.
        pieces: the objects; later ones are drawn on top.
        marked: a cell with a dashed square and what it is in words, if any.
        note: what else the network is told.
    """

    kind: str
    side: int
    blocked: tuple[bool, ...]
    start: int
    pieces: tuple[Piece, ...]
    marked: tuple[int, str] | None
    note: str

    def place(self, cell: int) -> str:
        """What a cell holds, in words."""
        held = {piece.cell: piece.place for piece in self.pieces}
        if self.marked is not None and cell == self.marked[0]:
            return held.get(cell, self.marked[1])
        return held.get(cell, "a cell that holds nothing")

    @property
    def spoken(self) -> str:
        """The whole level in words."""
        objects = ", ".join(f"{piece.spoken} at {self._where(piece.cell)}" for piece in self.pieces)
        return (
            f"{self.side} by {self.side} {self.kind}, {objects}, start at {self._where(self.start)}"
        )

    def _where(self, cell: int) -> str:
        return f"row {cell // self.side + 1} column {cell % self.side + 1}"


def scene_of(level: MazeLevels | KeyLevels) -> Scene:
    """The scene of a batch of one level."""
    return _maze(level) if isinstance(level, MazeLevels) else _keys(level)


def note_of(context: Iterable[int], *parts: str) -> str:
    """What a network is told beside the problem: the context, then whatever is not empty."""
    return ", ".join([f"context {' '.join(map(str, context))}", *filter(None, parts)])


def _maze(level: MazeLevels) -> Scene:
    coin, gem = (COLOURS[int(colour[0])] for colour in (level.coin_colour, level.gem_colour))
    return Scene(
        kind="maze",
        side=level.side,
        blocked=tuple(level.blocked[0].tolist()),
        start=int(level.start[0]),
        pieces=(
            Piece(int(level.gem[0]), "diamond", gem, "G", f"{gem} gem", "the gem"),
            Piece(int(level.coin[0]), "disc", coin, "C", f"{coin} coin", "the coin"),
        ),
        marked=(level.corner, "the empty corner"),
        note=note_of(level.context[0].tolist(), "instructed: gem" * bool(level.instructed[0])),
    )


def _keys(level: KeyLevels) -> Scene:
    lit = level.lit[0].tolist()

    def piece(cell: int, outline: Outline, letter: str, name: str, article: str) -> Piece:
        look = "lit" if lit[cell] else "unlit"
        return Piece(cell, outline, look, letter, f"{look} {name}", f"{article} {name}")

    keys = [piece(cell, "disc", "K", "key", "a") for cell in _cells(level.keys)]
    chests = [piece(cell, "box", "C", "chest", "a") for cell in _cells(level.chests)]
    return Scene(
        kind="level with keys",
        side=level.side,
        blocked=tuple(level.blocked[0].tolist()),
        start=int(level.start[0]),
        pieces=(*keys, *chests, piece(int(level.gem[0]), "diamond", "G", "gem", "the")),
        marked=None,
        note=note_of(
            level.context[0].tolist(),
            f"keys held {int(level.held[0])}",
            "instructed: gem" * bool(level.instructed[0]),
        ),
    )


def _cells(mask: Bool[Tensor, "batch cell"]) -> list[int]:
    cells: list[int] = mask[0].nonzero().flatten().tolist()
    return cells
