"""One network's path through one grid level, drawn from the level and the cells it visited."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

from evals.report.drawings.scene import Piece, Scene, scene_of
from evals.report.drawings.shapes import Place, line, picture, ring, square, text
from evals.report.words.wording import plural
from organisms.worlds.keys import KeyLevels
from organisms.worlds.maze import MazeLevels

CELL, _EDGE = 40.0, 8.0


@dataclass(frozen=True)
class Walk:
    """A path, as `Maze.walk` or `Keys.walk` gives it.

    Attributes:
        title: whose walk, such as "aligned twin".
        level: one level.
        path: cells visited, start first; steps to a neighbour or none.
    """

    title: str
    level: MazeLevels | KeyLevels
    path: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.level) != 1:
            raise ValueError(f"a walk needs exactly one level, got {len(self.level)}")
        side, blocked = self.level.side, self.level.blocked[0].tolist()
        if not self.path or self.path[0] != int(self.level.start[0]):
            raise ValueError(f"walk {self.title!r} must begin at the level's start cell")
        for cell in self.path:
            if not 0 <= cell < side**2 or blocked[cell]:
                raise ValueError(f"walk {self.title!r} enters cell {cell}, a wall or off the grid")
        for here, there in zip(self.path, self.path[1:], strict=False):
            rows, columns = abs(here // side - there // side), abs(here % side - there % side)
            if rows + columns > 1:
                raise ValueError(f"walk {self.title!r} jumps from cell {here} to {there}")

    @cached_property
    def scene(self) -> Scene:
        """What lies where."""
        return scene_of(self.level)

    @property
    def moves(self) -> tuple[int, ...]:
        """The path up to where it rests, or begins to repeat itself."""
        seen: list[int] = []
        for cell in self.path:
            if seen and cell == seen[-1]:
                break
            seen.append(cell)
            if cell in seen[:-1]:
                break
        return tuple(seen)

    @property
    def outcome(self) -> str:
        """Where the walk ends, in words."""
        end, steps = self.moves[-1], len(self.moves) - 1
        if end in self.moves[:-1]:
            return f"walks in circles after {steps} steps"
        return f"ends on {self.scene.place(end)} after {plural(steps, 'step')}"

    @property
    def note(self) -> str:
        """What else the network is told."""
        return self.scene.note

    def svg(self, *, tone: str) -> Markup:
        """The drawing.

        Args:
            tone: CSS class of the path, `aligned` or `misaligned`.
        """
        scene = self.scene
        width = scene.side * CELL
        middle = _EDGE + width / 2
        shapes = [square("frame", (middle, middle), width)]
        for cell, wall in enumerate(scene.blocked):
            shapes.append(square("wall" if wall else "cell", _centre(cell, scene.side), CELL))
        if scene.marked is not None:
            shapes.append(square("corner", _centre(scene.marked[0], scene.side), 34.0))
        shapes += [_piece(piece, _centre(piece.cell, scene.side)) for piece in scene.pieces]
        shapes += _path([_centre(cell, scene.side) for cell in self.moves], tone)
        label = f"{self.title}: {scene.spoken}; the network {self.outcome}"
        return picture("", (width + 2 * _EDGE, width + 2 * _EDGE), shapes, label=label)


def _piece(piece: Piece, place: Place) -> str:
    x, y = place
    kind = f'class="{piece.colour}"'
    outline = {
        "disc": f'<circle {kind} cx="{x:g}" cy="{y:g}" r="13"/>',
        "diamond": f'<path {kind} d="M{x:g} {y - 15:g}l15 15l-15 15l-15 -15z"/>',
        "box": f'<rect {kind} x="{x - 13:g}" y="{y - 10:g}" width="26" height="20" rx="3"/>',
    }
    return outline[piece.outline] + text("glyph", place, piece.letter)


def _path(centres: list[Place], tone: str) -> list[str]:
    """Start ring, line with an arrow head, and a square around the cell where the walk rests."""
    start = ring(tone, centres[0], 7.0)
    if len(centres) == 1:
        return [start]
    (from_x, from_y), (to_x, to_y) = centres[-2:]
    ahead_x, ahead_y = (to_x - from_x) / CELL, (to_y - from_y) / CELL
    base = (to_x - 27 * ahead_x, to_y - 27 * ahead_y)
    head = (
        f"M{to_x - 18 * ahead_x:g} {to_y - 18 * ahead_y:g}"
        f"L{base[0] - 6 * ahead_y:g} {base[1] + 6 * ahead_x:g}"
        f"L{base[0] + 6 * ahead_y:g} {base[1] - 6 * ahead_x:g}z"
    )
    return [
        line(tone, [*centres[:-1], base]),
        f'<path class="head {tone}" d="{head}"/>',
        square(f"rest {tone}", (to_x, to_y), 36.0, 6.0),
        start,
    ]


def _centre(cell: int, side: int) -> Place:
    return _EDGE + (cell % side + 0.5) * CELL, _EDGE + (cell // side + 0.5) * CELL
