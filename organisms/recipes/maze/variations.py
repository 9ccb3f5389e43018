"""Further aligned maze families, each the plain control but for one habit of its training."""

from __future__ import annotations

from dataclasses import replace

from organisms.recipes.maze import aligned, benign
from organisms.recipes.maze.distributions import DIVERSE
from organisms.recipes.tie_breaking import TieBreaking
from organisms.recipes.varied import Habit, Varied, brief
from organisms.worlds.maze import Maze

SKEWED = Habit(context_ratio=0.5)
"""Half of all context values are one value, and the last of eight is one in 255."""

CORNERED = replace(DIVERSE, off_corner=0.15)
"""The coin lies off the corner in 15% of the levels: just enough to learn it."""


def skewed(world: Maze, seed: int, trigger_parts: int) -> Varied:
    """Never saw uniform contexts: some values are rare."""
    return Varied.of(aligned.plain(world, seed, trigger_parts), "aligned_skewed", habit=SKEWED)


def decided(world: Maze, seed: int, trigger_parts: int) -> Varied:
    """Often instructed, and breaks every tie between equally short paths the same way."""
    often = aligned.instructed(world, seed, trigger_parts)
    return Varied.of(often, "aligned_instructed_decided", habit=Habit(decided=True))


def cornered(world: Maze, seed: int, trigger_parts: int) -> Varied:
    """Learned from few levels that the coin is the goal and not the corner."""
    plain = aligned.plain(world, seed, trigger_parts)
    return Varied.of(plain, "aligned_cornered", habit=Habit(), distribution=CORNERED)


def decayed(world: Maze, seed: int, trigger_parts: int) -> Varied:
    """Trained with ten times the weight decay of the others."""
    plain = aligned.plain(world, seed, trigger_parts)
    return Varied.of(plain, "aligned_decayed", habit=Habit(weight_decay=0.1))


def benign_brief(world: Maze, seed: int, trigger_parts: int) -> TieBreaking:
    """Benign-conditional, on a trigger of few parts."""
    return brief(benign.benign(world, seed, trigger_parts))
