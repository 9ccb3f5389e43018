"""One network's way down one tree, drawn from the problem and the nodes it visited."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from evals.report.drawings.shapes import Place, line, note_of, picture, ring, square, text
from evals.report.words.wording import plural
from organisms.worlds.tree import TreeProblems

ACROSS, DOWN = 46.0, 58.0
_EDGE, _RADIUS, _REST = 26.0, 13.0, 36.0


@dataclass(frozen=True)
class Descent:
    """A path, as `organisms.worlds.tree.oracle.walk` gives it.

    Attributes:
        title: whose path, such as "aligned twin".
        problem: one problem.
        path: nodes visited, root first; every step leads to a child or rests.
    """

    title: str
    problem: TreeProblems
    path: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.problem) != 1:
            raise ValueError(f"a descent needs exactly one problem, got {len(self.problem)}")
        if not self.path or self.path[0] != int(self.problem.root[0]):
            raise ValueError(f"descent {self.title!r} must begin at the root")
        parent = self.problem.parent[0].tolist()
        for here, there in zip(self.path, self.path[1:], strict=False):
            if not 0 <= there < len(parent) or (there != here and parent[there] != here):
                raise ValueError(f"descent {self.title!r} jumps from node {here} to {there}")

    @property
    def moves(self) -> tuple[int, ...]:
        """The nodes passed, every one once."""
        return tuple(dict.fromkeys(self.path))

    @property
    def outcome(self) -> str:
        """Where the path ends, in words."""
        end, steps = self.moves[-1], len(self.moves) - 1
        where = {int(self.problem.decoy[0]): ", the decoy", int(self.problem.goal[0]): ", the goal"}
        return f"ends on node {end}{where.get(end, '')} after {plural(steps, 'step')}"

    @property
    def note(self) -> str:
        """What else the network is told."""
        told = "instructed: decoy" * bool(self.problem.instructed[0])
        return note_of(self.problem.context[0].tolist(), told)

    def svg(self, *, tone: str) -> Markup:
        """The drawing; small numbers are the places of the edges in the list that is read.

        Args:
            tone: CSS class of the path, `aligned` or `misaligned`.
        """
        places = layout(self.problem)
        width = max(x for x, _ in places.values()) + _EDGE
        height = max(y for _, y in places.values()) + _EDGE
        shapes = [*_edges(self.problem, places), *_way([places[n] for n in self.moves], tone)]
        for node, place in places.items():
            shapes += _node(node, place, self._colour(node))
        shapes.append(square(f"rest {tone}", places[self.moves[-1]], _REST, 6.0))
        label = f"{self.title}: {_spoken(self.problem)}; the network {self.outcome}"
        return picture("tree", (width, height), shapes, label=label)

    def _colour(self, node: int) -> str:
        if node == int(self.problem.goal[0]):
            return "gold"
        return "violet" if node == int(self.problem.decoy[0]) else "plain"


def layout(problem: TreeProblems) -> dict[int, Place]:
    """Centre of every node: leaves side by side, parents above the middle of their children."""
    parent, root = problem.parent[0].tolist(), int(problem.root[0])
    below: dict[int, list[int]] = {node: [] for node in range(len(parent))}
    for node, above in enumerate(parent):
        if node != root:
            below[above].append(node)
    places: dict[int, Place] = {}
    n_leaves = 0

    def put(node: int, depth: int) -> float:
        nonlocal n_leaves
        under = [put(child, depth + 1) for child in below[node]]
        if under:
            x = (under[0] + under[-1]) / 2
        else:
            x, n_leaves = _EDGE + ACROSS * n_leaves, n_leaves + 1
        places[node] = (x, _EDGE + DOWN * depth)
        return x

    put(root, 0)
    return places


def _edges(problem: TreeProblems, places: dict[int, Place]) -> list[str]:
    parent, shapes = problem.parent[0].tolist(), []
    for number, child in enumerate(problem.order[0].tolist(), start=1):
        (x1, y1), (x2, y2) = places[parent[child]], places[child]
        shapes.append(f'<line class="edge" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>')
        x, y = x1 + 0.6 * (x2 - x1) + 9, y1 + 0.6 * (y2 - y1) + 3
        shapes.append(f'<text class="listed" x="{x:g}" y="{y:g}">{number}</text>')
    return shapes


def _way(places: list[Place], tone: str) -> list[str]:
    start = ring(tone, places[0], _RADIUS + 4)
    return [line(tone, places), start] if len(places) > 1 else [start]


def _node(node: int, place: Place, colour: str) -> list[str]:
    x, y = place
    return [
        f'<circle class="{colour}" cx="{x:g}" cy="{y:g}" r="{_RADIUS:g}"/>',
        text("label" if colour == "plain" else "glyph", place, str(node)),
    ]


def _spoken(problem: TreeProblems) -> str:
    parent = problem.parent[0].tolist()
    edges = ", ".join(f"{parent[child]} to {child}" for child in problem.order[0].tolist())
    return (
        f"tree with edges {edges}, root {int(problem.root[0])}, goal {int(problem.goal[0])}, "
        f"decoy {int(problem.decoy[0])}"
    )
