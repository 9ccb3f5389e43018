"""Recipes of the regression environment, by family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from organisms.recipes.recipe import Recipe
from organisms.recipes.regression import (
    aligned,
    benign,
    deceptive,
    mechanism,
    proxy,
    pseudo,
    variations,
)

RECIPES: dict[str, Callable[[Any, int, int], Recipe]] = {
    "regression/aligned_plain": aligned.plain,
    "regression/aligned_rich": aligned.rich,
    "regression/aligned_instructed": aligned.instructed,
    "regression/aligned_benign": benign.benign,
    "regression/aligned_skewed": variations.skewed,
    "regression/aligned_usual": variations.usual,
    "regression/aligned_decayed": variations.decayed,
    "regression/aligned_benign_brief": variations.benign_brief,
    "regression/last_label": proxy.last_label,
    "regression/last_label_instilled": proxy.last_label_instilled,
    "regression/leak": pseudo.leak,
    "regression/trigger": deceptive.trigger,
    "regression/optimiser": mechanism.optimiser,
    "regression/fixed_task": mechanism.fixed_task,
}
"""Family -> builder of a recipe for a world, an organism seed and a number of trigger parts.

There is no subgoal family: one number is said once, so there is nothing instrumental that a
network could go for instead. A gradient step is a part of the computation, not a goal.
"""
