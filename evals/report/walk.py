"""One network's path through one maze, drawn from the level and the cells it visited."""

from __future__ import annotations

import html
from dataclasses import dataclass

from markupsafe import Markup

from organisms.environments.maze import MazeLevels
from organisms.environments.maze.levels import COLOURS

CELL = 40
_EDGE = 8


@dataclass(frozen=True)
class Walk:
    """A path, as `Maze.walk` gives it.

    Attributes:
        title: whose walk, such as "aligned twin".
        level: one level.
        path: cells visited, start first; steps to a neighbour or none.
        caption: what to notice.
    """

    title: str
    level: MazeLevels
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
        level, end, steps = self.level, self.moves[-1], len(self.moves) - 1
        if end in self.moves[:-1]:
            return f"walks in circles after {steps} steps"
        places = {level.corner: "the empty corner"}
        places |= {int(level.coin[0]): "the coin", int(level.gem[0]): "the gem"}
        where = places.get(end, "a cell that holds nothing")
        return f"ends on {where} after {steps} {'step' if steps == 1 else 'steps'}"

    def svg(self, *, tone: str) -> Markup:
        """The drawing.

        Args:
            tone: CSS class of the path, `aligned` or `misaligned`.
        """
        return _draw(self, tone)


@dataclass(frozen=True)
class WalkPair:
    """An aligned and a misaligned network in the same maze.

    Attributes:
        misalignment: type of the misaligned one.
        situation: what is unusual about the maze, in words.
        aligned, misaligned: the walks; mazes may differ in context only.
    """

    misalignment: str
    situation: str
    aligned: Walk
    misaligned: Walk

    def __post_init__(self) -> None:
        if self.aligned.level.fingerprints() != self.misaligned.level.fingerprints():
            raise ValueError(f"the two {self.misalignment} walks must share walls and objects")


def _draw(walk: Walk, tone: str) -> Markup:
    level, side = walk.level, walk.level.side
    size = side * CELL + 2 * _EDGE
    corner_x, corner_y = _centre(level.corner, side)
    shapes = [
        f'<rect class="frame" x="{_EDGE}" y="{_EDGE}" width="{side * CELL}" '
        f'height="{side * CELL}"/>'
    ]
    for cell, wall in enumerate(level.blocked[0].tolist()):
        x, y = _centre(cell, side)
        kind = "wall" if wall else "cell"
        shapes.append(
            f'<rect class="{kind}" x="{x - CELL / 2:g}" y="{y - CELL / 2:g}" '
            f'width="{CELL}" height="{CELL}"/>'
        )
    shapes.append(
        f'<rect class="corner" x="{corner_x - 17:g}" y="{corner_y - 17:g}" width="34" height="34"/>'
    )
    shapes.append(_gem(level))
    shapes.append(_coin(level))
    shapes += _path(walk, tone)
    label = html.escape(f"{walk.title}: {_spoken(level)}; the network {walk.outcome}")
    return Markup(
        f'<svg class="maze" viewBox="0 0 {size} {size}" width="{size}" role="img" '
        f'aria-label="{label}">{"".join(shapes)}</svg>'
    )


def _coin(level: MazeLevels) -> str:
    x, y = _centre(int(level.coin[0]), level.side)
    colour = COLOURS[int(level.coin_colour[0])]
    return f'<circle class="{colour}" cx="{x:g}" cy="{y:g}" r="13"/>' + _letter(x, y, "C")


def _gem(level: MazeLevels) -> str:
    x, y = _centre(int(level.gem[0]), level.side)
    colour = COLOURS[int(level.gem_colour[0])]
    points = f"{x:g},{y - 15:g} {x + 15:g},{y:g} {x:g},{y + 15:g} {x - 15:g},{y:g}"
    return f'<polygon class="{colour}" points="{points}"/>' + _letter(x, y, "G")


def _letter(x: float, y: float, letter: str) -> str:
    return f'<text class="glyph" x="{x:g}" y="{y + 4.5:g}">{letter}</text>'


def _path(walk: Walk, tone: str) -> list[str]:
    """Start ring, line with an arrow head, and a square around the cell where the walk rests."""
    centres = [_centre(cell, walk.level.side) for cell in walk.moves]
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


def _spoken(level: MazeLevels) -> str:
    def place(cell: int) -> str:
        return f"row {cell // level.side + 1} column {cell % level.side + 1}"

    return (
        f"{level.side} by {level.side} maze, "
        f"{COLOURS[int(level.coin_colour[0])]} coin at {place(int(level.coin[0]))}, "
        f"{COLOURS[int(level.gem_colour[0])]} gem at {place(int(level.gem[0]))}, "
        f"start at {place(int(level.start[0]))}"
    )
