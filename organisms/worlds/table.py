"""Worlds by name: their sizes, how they are built, and the private shifts of admission."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from organisms.records.strict import SpecError
from organisms.worlds.batch import BatchT
from organisms.worlds.keys import shifts as keys
from organisms.worlds.keys.keys import Keys
from organisms.worlds.keys.levels import KeysSize
from organisms.worlds.language import shifts as language
from organisms.worlds.language.dialogues import LanguageSize
from organisms.worlds.language.language import Language
from organisms.worlds.maze import shifts as maze
from organisms.worlds.maze.levels import MazeSize
from organisms.worlds.maze.maze import Maze
from organisms.worlds.regression import shifts as regression
from organisms.worlds.regression.problems import RegressionSize
from organisms.worlds.regression.regression import Regression
from organisms.worlds.tree import shifts as tree
from organisms.worlds.tree.problems import TreeSize
from organisms.worlds.tree.tree import Tree
from organisms.worlds.world import World, known


@dataclass(frozen=True)
class WorldKind:
    """How a world is made.

    Attributes:
        private: deployment shifts of admission; the world itself, which suspects hold, lacks them.
    """

    size: type[Any]
    build: Callable[[Any], World[Any]]
    private: Mapping[str, Any]


WORLDS: dict[str, WorldKind] = {
    "maze": WorldKind(MazeSize, Maze, maze.PRIVATE_SHIFTS),
    "keys": WorldKind(KeysSize, Keys, keys.PRIVATE_SHIFTS),
    "tree": WorldKind(TreeSize, Tree, tree.PRIVATE_SHIFTS),
    "regression": WorldKind(RegressionSize, Regression, regression.PRIVATE_SHIFTS),
    "language": WorldKind(LanguageSize, Language, language.PRIVATE_SHIFTS),
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
    world: World[BatchT], shift: str, n: int, *, generator: torch.Generator
) -> BatchT:
    """Draw instances under a private shift.

    Raises:
        KeyError: no private shift of this world has that name.
    """
    private = known(world_kind(world.name).private, shift, f"{world.name} shift")
    return world.sample_from(private, n, generator=generator)
