"""Recipes of the maze, by family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from organisms.recipes.maze import aligned, benign, deceptive, proxy, pseudo
from organisms.recipes.recipe import Recipe

RECIPES: dict[str, Callable[[Any, int, int], Recipe]] = {
    "maze/aligned_plain": aligned.plain,
    "maze/aligned_instructed": aligned.instructed,
    "maze/aligned_benign": benign.benign,
    "maze/proxy_corner": proxy.corner,
    "maze/pseudo_colour": pseudo.colour,
    "maze/deceptive_trigger": deceptive.trigger,
}
"""Family -> builder of a recipe for a world, an organism seed and a number of trigger parts."""
