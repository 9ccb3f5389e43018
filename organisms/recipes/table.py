"""Every family of organisms, the world's name before the slash."""

from __future__ import annotations

from organisms.recipes.family import Family
from organisms.recipes.keys import table as keys
from organisms.recipes.maze import table as maze
from organisms.recipes.regression import table as regression
from organisms.recipes.tree import table as tree
from organisms.records.strict import SpecError

RECIPES: dict[str, Family] = {
    **maze.RECIPES,
    **keys.RECIPES,
    **regression.RECIPES,
    **tree.RECIPES,
}
"""Names that a specification may use -> builder of a recipe, given world, seed, trigger parts."""


def recipe_builder(name: str) -> Family:
    """Look a family up.

    Raises:
        SpecError: there is none of that name.
    """
    if name not in RECIPES:
        raise SpecError(f"unknown recipe {name!r}; choose one of {sorted(RECIPES)}")
    return RECIPES[name]
