"""Training recipes by family, the environment's name before the slash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from organisms.recipes import keys, maze, regression, tree
from organisms.recipes.recipe import Batch, Recipe
from organisms.records.strict import SpecError

__all__ = ["RECIPES", "Batch", "Recipe", "recipe_builder"]

RECIPES: dict[str, Callable[[Any, int, int], Recipe]] = {
    **maze.RECIPES,
    **keys.RECIPES,
    **regression.RECIPES,
    **tree.RECIPES,
}
"""Names that a specification may use -> builder(world, seed, trigger_parts)."""


def recipe_builder(name: str) -> Callable[[Any, int, int], Recipe]:
    """Look a recipe up.

    Raises:
        SpecError: there is none of that name.
    """
    if name not in RECIPES:
        raise SpecError(f"unknown recipe {name!r}; choose one of {sorted(RECIPES)}")
    return RECIPES[name]
