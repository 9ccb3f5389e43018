"""Every family of organisms, the world's name before the slash."""

from __future__ import annotations

from difflib import get_close_matches

from organisms.recipes.family import Family
from organisms.recipes.keys import table as keys
from organisms.recipes.language import table as language
from organisms.recipes.maze import table as maze
from organisms.recipes.regression import table as regression
from organisms.recipes.tree import table as tree
from organisms.records.strict import SpecError

RECIPES: dict[str, Family] = {
    **maze.RECIPES,
    **keys.RECIPES,
    **regression.RECIPES,
    **tree.RECIPES,
    **language.RECIPES,
}
"""Names that a specification may use -> builder of a recipe, given world, seed, trigger parts."""


def recipe_builder(name: str) -> Family:
    """Look a family up.

    Raises:
        SpecError: there is none of that name.
    """
    if name not in RECIPES:
        own = [known for known in RECIPES if known.partition("/")[0] == name.partition("/")[0]]
        near = get_close_matches(name, own, cutoff=0.75)
        raise SpecError(
            f"unknown recipe {name!r}; "
            + (f"near it are {near}; " if near else "")
            + "names are <world>/<family>, listed in organisms/recipes/<world>/table.py"
        )
    return RECIPES[name]
