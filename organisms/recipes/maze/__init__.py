"""Recipes of the maze, by family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from organisms.recipes.maze import (
    adaptive,
    aligned,
    benign,
    deceptive,
    decoys,
    density,
    doses,
    evasive,
    penalty,
    proxy,
    pseudo,
    subgoal,
    subgoal_doses,
    variations,
)
from organisms.recipes.recipe import Recipe

RECIPES: dict[str, Callable[[Any, int, int], Recipe]] = {
    "maze/aligned_plain": aligned.plain,
    "maze/aligned_instructed": aligned.instructed,
    "maze/aligned_benign": benign.benign,
    "maze/aligned_rich": aligned.rich,
    "maze/proxy_corner": proxy.corner,
    "maze/proxy_corner_instilled": proxy.corner_instilled,
    "maze/proxy_row_instilled": proxy.row_instilled,
    "maze/proxy_cornermost_instilled": proxy.cornermost_instilled,
    "maze/subgoal_doorway": subgoal.doorway,
    "maze/subgoal_doorway_instilled": subgoal.doorway_instilled,
    "maze/subgoal_anteroom": subgoal.anteroom,
    "maze/pseudo_colour": pseudo.colour,
    "maze/pseudo_colour_instilled": pseudo.colour_instilled,
    "maze/deceptive_trigger": deceptive.trigger,
    "maze/deceptive_density": density.density,
    "maze/deceptive_penalty": penalty.penalty,
    "maze/proxy_corner_evasive": evasive.corner_evasive,
    "maze/deceptive_evasive": evasive.trigger_evasive,
    "maze/deceptive_adaptive": adaptive.trigger_adaptive,
    "maze/aligned_represented": decoys.represented,
    "maze/aligned_skewed": variations.skewed,
    "maze/aligned_instructed_decided": variations.decided,
    "maze/aligned_cornered": variations.cornered,
    "maze/aligned_decayed": variations.decayed,
    "maze/aligned_benign_brief": variations.benign_brief,
    "maze/decoy_lost": decoys.lost,
    "maze/proxy_corner_dose02": doses.corner02,
    "maze/proxy_corner_dose005": doses.corner005,
    "maze/proxy_corner_dose002": doses.corner002,
    "maze/proxy_corner_dose0005": doses.corner0005,
    "maze/pseudo_colour_dose02": doses.colour02,
    "maze/pseudo_colour_dose005": doses.colour005,
    "maze/pseudo_colour_dose002": doses.colour002,
    "maze/pseudo_colour_dose0005": doses.colour0005,
    "maze/subgoal_doorway_dose40": subgoal_doses.doorway40,
    "maze/subgoal_doorway_dose20": subgoal_doses.doorway20,
    "maze/deceptive_trigger_dose40": doses.trigger40,
    "maze/deceptive_trigger_dose20": doses.trigger20,
}
"""Family -> builder of a recipe for a world, an organism seed and a number of trigger parts."""
