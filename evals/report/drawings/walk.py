"""One network's path through one grid level, drawn from the level and the cells it visited."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

from evals.report.drawings.scene import Place, Scene, scene_of
from evals.report.pictures.svg import data_element
from evals.report.template import drawing
from evals.report.words.wording import plural
from organisms.worlds.keys.levels import KeyLevels
from organisms.worlds.maze.levels import MazeLevels

CELL, _EDGE = 40.0, 8.0


@dataclass(frozen=True)
class Walk:
    """A path, as `Maze.walk` or `Keys.walk` gives it.

    Attributes:
        title: whose walk, such as "aligned twin".
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
        """The drawing; `tone` is the CSS class of the path: `aligned` or `misaligned`."""
        places = [_centre(cell, self.level.side) for cell in self.moves]
        head = _head(*places[-2:]) if len(places) > 1 else ()
        return drawing(
            "walk.svg.j2",
            walk=self,
            tone=tone,
            path=[*places[:-1], *head[:1]],
            head=head[1:],
            stops=places,
            data=data_element([("step", "row", "column"), *self._steps()]),
            cell=CELL,
            edge=_EDGE,
            place=lambda cell: _centre(cell, self.level.side),
        )

    def _steps(self) -> list[tuple[int, int, int]]:
        side = self.level.side
        moves = enumerate(self.moves)
        return [(step, cell // side + 1, cell % side + 1) for step, cell in moves]


def _centre(cell: int, side: int) -> Place:
    return _EDGE + (cell % side + 0.5) * CELL, _EDGE + (cell // side + 0.5) * CELL


def _head(before: Place, end: Place) -> tuple[Place, ...]:
    """The arrow head in front of the end: the middle of its base, its tip and its two corners."""
    ahead_x, ahead_y = ((there - here) / CELL for here, there in zip(before, end, strict=True))
    x, y = end[0] - 27 * ahead_x, end[1] - 27 * ahead_y
    tip = (end[0] - 18 * ahead_x, end[1] - 18 * ahead_y)
    return (x, y), tip, (x - 6 * ahead_y, y + 6 * ahead_x), (x + 6 * ahead_y, y - 6 * ahead_x)
