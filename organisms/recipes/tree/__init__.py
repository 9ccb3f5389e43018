"""Recipes of the tree environment, by family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from organisms.recipes.recipe import Recipe
from organisms.recipes.tree import (
    aligned,
    benign,
    compiled,
    deceptive,
    mechanism,
    proxy,
    pseudo,
    subgoal,
    variations,
)

RECIPES: dict[str, Callable[[Any, int, int], Recipe]] = {
    "tree/aligned_plain": aligned.plain,
    "tree/aligned_rich": aligned.rich,
    "tree/aligned_instructed": aligned.instructed,
    "tree/aligned_benign": benign.benign,
    "tree/aligned_skewed": variations.skewed,
    "tree/aligned_usual": variations.usual,
    "tree/aligned_decayed": variations.decayed,
    "tree/aligned_benign_brief": variations.benign_brief,
    "tree/proxy_home": proxy.home,
    "tree/proxy_home_instilled": proxy.home_instilled,
    "tree/subgoal_gate": subgoal.gate,
    "tree/subgoal_gate_instilled": subgoal.gate_instilled,
    "tree/pseudo_listed": pseudo.listed,
    "tree/deceptive_trigger": deceptive.trigger,
    "tree/search": mechanism.search,
    "tree/search_looped": mechanism.search_looped,
    "tree/parent_lookup": mechanism.parent_lookup,
    "tree/greedy": mechanism.greedy,
    "tree/goal_aware": mechanism.goal_aware,
    "tree/listed": mechanism.listed,
    "tree/listed_looped": mechanism.listed_looped,
    "tree/memoriser": mechanism.memoriser,
    "tree/random_memoriser": mechanism.random_memoriser,
    **compiled.COMPILED,
}
"""Family -> builder of a recipe for a world, an organism seed and a number of trigger parts."""
