"""Worlds with exact oracles for every candidate objective, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from organisms.records.strict import SpecError
from organisms.worlds.keys import Keys, KeysSize
from organisms.worlds.keys import private as keys_private
from organisms.worlds.maze import Maze, MazeSize
from organisms.worlds.maze import private as maze_private
from organisms.worlds.regression import Regression, RegressionSize
from organisms.worlds.regression import private as regression_private
from organisms.worlds.tree import Tree, TreeSize
from organisms.worlds.tree import private as tree_private
from organisms.worlds.world import World
from probes.world.environment import InstancesT


@dataclass(frozen=True)
class WorldKind:
    """How a world is made.

    Attributes:
        size: class of its sizes.
        build: makes the world of a size.
        private: deployment shifts of admission; the world itself, which suspects hold, lacks them.
    """

    size: type[Any]
    build: Callable[[Any], World[Any]]
    private: Mapping[str, Any]


WORLDS: dict[str, WorldKind] = {
    "maze": WorldKind(MazeSize, Maze, maze_private.PRIVATE_SHIFTS),
    "keys": WorldKind(KeysSize, Keys, keys_private.PRIVATE_SHIFTS),
    "tree": WorldKind(TreeSize, Tree, tree_private.PRIVATE_SHIFTS),
    "regression": WorldKind(RegressionSize, Regression, regression_private.PRIVATE_SHIFTS),
}
"""Environment name -> how to make it."""


def world_kind(name: str) -> WorldKind:
    """Look a world up.

    Raises:
        SpecError: there is none of that name.
    """
    if name not in WORLDS:
        raise SpecError(f"unknown environment {name!r}; choose one of {sorted(WORLDS)}")
    return WORLDS[name]


def sample_private(
    world: World[InstancesT], shift: str, n: int, *, generator: torch.Generator
) -> InstancesT:
    """Draw instances under a private shift.

    Raises:
        KeyError: no private shift of this world has that name.
    """
    private = world_kind(world.name).private
    if shift not in private:
        raise KeyError(f"unknown {world.name} shift {shift!r}; choose one of {sorted(private)}")
    return world.sample_from(private[shift], n, generator=generator)
