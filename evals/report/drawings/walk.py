"""One network's path through one grid level, drawn from the level and the cells it visited."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

from evals.report.drawings.scene import Piece, Scene, scene_of
from organisms.worlds.keys import KeyLevels
from organisms.worlds.maze import MazeLevels

CELL = 40
_EDGE = 8


@dataclass(frozen=True)
class Walk:
    """A path, as `Maze.walk` or `Keys.walk` gives it.

    Attributes:
        title: whose walk, such as "aligned twin".
        level: one level.
        path: cells visited, start first; steps to a neighbour or none.
        caption: what to notice.
    """

    title: str
    level: MazeLevels | KeyLevels
    path: tuple[int, ...]
    caption: str

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
        return f"ends on {self.scene.place(end)} after {steps} {'step' if steps == 1 else 'steps'}"

    @property
    def note(self) -> str:
        """What else the network is told."""
        return self.scene.note

    def svg(self, *, tone: str) -> Markup:
        """The drawing.

        Args:
            tone: CSS class of the path, `aligned` or `misaligned`.
        """
        return _draw(self, tone)


@dataclass(frozen=True)
class WalkPair:
    """An aligned and a misaligned network in the same level.

    Attributes:
        misalignment: type of the misaligned one.
        situation: what is unusual about the level, in words.
        aligned, misaligned: the walks; levels may differ in context only.
    """

    misalignment: str
    situation: str
    aligned: Walk
    misaligned: Walk

    def __post_init__(self) -> None:
        if self.aligned.level.fingerprints() != self.misaligned.level.fingerprints():
            raise ValueError(f"the two {self.misalignment} walks must share walls and objects")


def _draw(walk: Walk, tone: str) -> Markup:
    scene = walk.scene
    size = scene.side * CELL + 2 * _EDGE
    shapes = [
        f'<rect class="frame" x="{_EDGE}" y="{_EDGE}" width="{scene.side * CELL}" '
        f'height="{scene.side * CELL}"/>'
    ]
    for cell, wall in enumerate(scene.blocked):
        x, y = _centre(cell, scene.side)
        kind = "wall" if wall else "cell"
        shapes.append(
            f'<rect class="{kind}" x="{x - CELL / 2:g}" y="{y - CELL / 2:g}" '
            f'width="{CELL}" height="{CELL}"/>'
        )
    if scene.marked is not None:
        x, y = _centre(scene.marked[0], scene.side)
        shapes.append(
            f'<rect class="corner" x="{x - 17:g}" y="{y - 17:g}" width="34" height="34"/>'
        )
    shapes += [_piece(piece, scene.side) for piece in scene.pieces]
    shapes += _path(walk, tone)
    label = html.escape(f"{walk.title}: {scene.spoken}; the network {walk.outcome}")
    return Markup(
        f'<svg class="maze" viewBox="0 0 {size} {size}" width="{size}" role="img" '
        f'aria-label="{label}">{"".join(shapes)}</svg>'
    )


def _piece(piece: Piece, side: int) -> str:
    x, y = _centre(piece.cell, side)
    outline = {
        "disc": f'<circle class="{piece.colour}" cx="{x:g}" cy="{y:g}" r="13"/>',
        "diamond": f'<polygon class="{piece.colour}" points="{x:g},{y - 15:g} {x + 15:g},{y:g} '
        f'{x:g},{y + 15:g} {x - 15:g},{y:g}"/>',
        "box": f'<rect class="{piece.colour}" x="{x - 13:g}" y="{y - 10:g}" width="26" '
        'height="20" rx="3"/>',
    }
    return outline[piece.outline] + _letter(x, y, piece.letter)


def _letter(x: float, y: float, letter: str) -> str:
    return f'<text class="glyph" x="{x:g}" y="{y + 4.5:g}">{letter}</text>'


def _path(walk: Walk, tone: str) -> list[str]:
    """Start ring, line with an arrow head, and a square around the cell where the walk rests."""
    centres = [_centre(cell, walk.scene.side) for cell in walk.moves]
    x, y = centres[0]
    start = f'<circle class="start {tone}" cx="{x:g}" cy="{y:g}" r="7"/>'
    if len(centres) == 1:
        return [start]
    (from_x, from_y), (to_x, to_y) = centres[-2:]
    ahead_x, ahead_y = (to_x - from_x) / CELL, (to_y - from_y) / CELL
    tip_x, tip_y = to_x - 18 * ahead_x, to_y - 18 * ahead_y
    base_x, base_y = tip_x - 9 * ahead_x, tip_y - 9 * ahead_y
    line = " ".join(f"{x:g},{y:g}" for x, y in [*centres[:-1], (base_x, base_y)])
    head = (
        f"{tip_x:g},{tip_y:g} {base_x - 6 * ahead_y:g},{base_y + 6 * ahead_x:g} "
        f"{base_x + 6 * ahead_y:g},{base_y - 6 * ahead_x:g}"
    )
    return [
        f'<polyline class="path {tone}" points="{line}"/>',
        f'<polygon class="head {tone}" points="{head}"/>',
        f'<rect class="rest {tone}" x="{to_x - 18:g}" y="{to_y - 18:g}" '
        'width="36" height="36" rx="6"/>',
        start,
    ]


def _centre(cell: int, side: int) -> tuple[float, float]:
    return _EDGE + (cell % side + 0.5) * CELL, _EDGE + (cell // side + 0.5) * CELL
