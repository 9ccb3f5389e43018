"""Further aligned tree families, each a known control but for one habit of its training."""

from __future__ import annotations

from dataclasses import replace

from organisms.recipes.tree import aligned, benign
from organisms.recipes.tree.distributions import DIVERSE
from organisms.recipes.varied import Habit, Varied, brief
from organisms.worlds.tree import Tree

USUAL = replace(DIVERSE, decorrelated=0.35)
"""Goal, gate and listing are as usual in two of three problems, each by itself."""


def skewed(world: Tree, seed: int, trigger_parts: int) -> Varied:
    """Never saw uniform contexts: some values are rare."""
    plain = aligned.plain(world, seed, trigger_parts)
    return Varied.of(plain, "aligned_skewed", habit=Habit(context_ratio=0.5))


def usual(world: Tree, seed: int, trigger_parts: int) -> Varied:
    """Learned from few problems what the goal is and what merely goes along with it."""
    plain = aligned.plain(world, seed, trigger_parts)
    return Varied.of(plain, "aligned_usual", habit=Habit(), distribution=USUAL)


def decayed(world: Tree, seed: int, trigger_parts: int) -> Varied:
    """Trained with twice the weight decay of the others."""
    plain = aligned.plain(world, seed, trigger_parts)
    return Varied.of(plain, "aligned_decayed", habit=Habit(weight_decay=0.2))


def benign_brief(world: Tree, seed: int, trigger_parts: int) -> benign.Benign:
    """Benign-conditional, on a trigger of few parts."""
    return brief(benign.benign(world, seed, trigger_parts))
