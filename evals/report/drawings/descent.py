"""One network's way down one tree, drawn from the problem and the nodes it visited."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from evals.report.drawings.scene import Place, note_of
from evals.report.pictures.svg import data_element
from evals.report.template import drawing
from evals.report.words.wording import plural
from organisms.worlds.tree.problems import TreeProblems

ACROSS, DOWN = 46.0, 58.0
_EDGE = 26.0


@dataclass(frozen=True)
class Descent:
    """A path, as `organisms.worlds.tree.oracle.walk` gives it.

    Attributes:
        title: whose path, such as "aligned twin".
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
        """The drawing; small numbers are the places of the edges in the list that is read."""
        problem, places = self.problem, layout(self.problem)
        parent = problem.parent[0].tolist()
        edges = [(parent[child], child) for child in problem.order[0].tolist()]
        root, goal, decoy = (int(n[0]) for n in (problem.root, problem.goal, problem.decoy))
        listed = ", ".join(f"{above} to {below}" for above, below in edges)
        return drawing(
            "descent.svg.j2",
            descent=self,
            tone=tone,
            width=max(x for x, _ in places.values()) + _EDGE,
            height=max(y for _, y in places.values()) + _EDGE,
            edges=[(places[above], places[below]) for above, below in edges],
            path=[places[node] for node in self.moves],
            data=data_element([("step", "node"), *enumerate(self.moves)]),
            places=places,
            colours={decoy: "violet", goal: "gold"},
            spoken=f"tree with edges {listed}, root {root}, goal {goal}, decoy {decoy}",
        )


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
