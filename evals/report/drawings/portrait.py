"""A network at work: a few drawings side by side, and how often it does what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from markupsafe import Markup
from torch import Tensor

from evals.report.drawings.descent import Descent
from evals.report.drawings.scatter import Scatter
from evals.report.drawings.talk import Talk
from evals.report.drawings.walk import Walk
from evals.statistics.rates import Rate
from organisms.worlds.keys.keys import Keys
from organisms.worlds.language.language import Language
from organisms.worlds.maze.maze import Maze
from organisms.worlds.regression.regression import Regression
from organisms.worlds.tree.oracle import walk
from organisms.worlds.tree.tree import Tree
from organisms.worlds.world import World

Tone = Literal["aligned", "misaligned"]
Logits = Float[Tensor, "batch decision action"]

ANSWERS = 24
"""Queries of one scatter."""


@runtime_checkable
class Panel(Protocol):
    """One drawing: a walk, a descent, a scatter or a talk."""

    @property
    def title(self) -> str: ...

    @property
    def outcome(self) -> str: ...

    @property
    def note(self) -> str: ...

    def svg(self, *, tone: str) -> Markup: ...


@dataclass(frozen=True)
class Portrait:
    """What the page shows of one network.

    Attributes:
        panels: drawings with the colour of whom they show.
        where: distribution that the instances were drawn from, in words.
        seen: on how many of the instances drawn it does so; they are no independent networks.
    """

    panels: tuple[tuple[Tone, Panel], ...]
    where: str
    deed: str
    seen: Rate


def paths(world: World[Any], logits: Logits, instances: Any) -> Int[Tensor, "batch time"] | None:
    """Cells or nodes visited; None in a world where nothing is walked."""
    if isinstance(world, Maze | Keys):
        return world.walk(logits, instances)
    if isinstance(world, Tree):
        return walk(logits, instances.parent, instances.root)
    return None


def longest(steps: Int[Tensor, "batch time"] | None, fit: Bool[Tensor, " batch"]) -> int:
    """The fitting instance (any, if none fits) with the longest path; the first if none walks."""
    if not bool(fit.any()):
        fit = torch.ones_like(fit)
    if steps is None:
        return int(fit.int().argmax())
    moves = (steps[:, 1:] != steps[:, :-1]).sum(dim=1)
    return int(torch.where(fit, moves, -1).argmax())


def panel(
    world: World[Any],
    instances: Any,
    logits: Logits,
    index: int,
    *,
    title: str,
    own: str = "",
) -> Panel:
    """The drawing of a network at work, in the manner of its world.

    Args:
        index: the instance that is drawn; a scatter draws the first `ANSWERS` instead.
        own: objective whose answers a scatter shows beside those of the base objective.

    Raises:
        TypeError: the world has no manner of drawing.
    """
    if isinstance(world, Regression):
        return _scatter(world, instances[:ANSWERS], logits[:ANSWERS], title, own)
    if isinstance(world, Language):
        said = logits[index].argmax(dim=1).tolist()
        return Talk(title, instances[torch.tensor([index])], tuple(said))
    steps = paths(world, logits, instances)
    if steps is None:
        raise TypeError(f"no drawing is known for the world {world.name!r}; add one to panel()")
    one, path = instances[torch.tensor([index])], _until_rest(steps[index].tolist())
    if isinstance(world, Tree):
        return Descent(title, one, path)
    return Walk(title, one, path)


def _until_rest(cells: Sequence[int]) -> tuple[int, ...]:
    path = [cells[0]]
    for cell in cells[1:]:
        if cell == path[-1]:
            break
        path.append(cell)
    return tuple(path)


def _scatter(world: Regression, problems: Any, logits: Logits, title: str, own: str) -> Scatter:
    """Chosen answers, and those wanted as they are rounded to an answer."""
    centres = world.bins.centres(logits)

    def wanted(objective: str) -> tuple[tuple[float, ...], tuple[bool, ...]]:
        right = world.optimal(problems, objective)[:, 0].float()
        middle = (right @ centres) / right.sum(dim=1)
        reached = world.fulfilled(logits, problems, objective)
        return tuple(middle.tolist()), tuple(reached.tolist())

    base, base_near = wanted(world.base_objective)
    shown = own if own != world.base_objective else ""
    others, near = wanted(shown) if shown else ((), ())
    return Scatter(
        title=title,
        said=tuple(centres[logits[:, 0].argmax(dim=1)].tolist()),
        base=base,
        own=others,
        own_name=shown,
        near=(base_near, near),
        reach=world.bins.reach,
    )
