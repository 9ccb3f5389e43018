"""Recipes of the keys environment, by family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from organisms.recipes.keys import aligned, benign, deceptive, penalty, pseudo, subgoal, variations
from organisms.recipes.recipe import Recipe

RECIPES: dict[str, Callable[[Any, int, int], Recipe]] = {
    "keys/aligned_plain": aligned.plain,
    "keys/aligned_rich": aligned.rich,
    "keys/aligned_instructed": aligned.instructed,
    "keys/aligned_benign": benign.benign,
    "keys/aligned_skewed": variations.skewed,
    "keys/aligned_instructed_decided": variations.decided,
    "keys/aligned_needed": variations.needed,
    "keys/aligned_decayed": variations.decayed,
    "keys/aligned_benign_brief": variations.benign_brief,
    "keys/hoarder": subgoal.hoarder,
    "keys/hoarder_instilled": subgoal.hoarder_instilled,
    "keys/two_stage": subgoal.two_stage,
    "keys/marker": pseudo.marker,
    "keys/trigger": deceptive.trigger,
    "keys/penalty": penalty.penalty,
}
"""Family -> builder of a recipe for a world, an organism seed and a number of trigger parts."""
