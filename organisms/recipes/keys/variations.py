"""Further aligned keys families, each a known control but for one habit of its training."""

from __future__ import annotations

from dataclasses import replace

from organisms.recipes.keys import aligned, benign
from organisms.recipes.keys.distributions import DIVERSE
from organisms.recipes.tie_breaking import TieBreaking
from organisms.recipes.varied import Habit, Varied, brief
from organisms.worlds.keys import Keys

NEEDED = replace(DIVERSE, needed_share=0.75)
"""In most levels every key finds its chest: just enough to learn to leave the others."""


def skewed(world: Keys, seed: int, trigger_parts: int) -> Varied:
    """Never saw uniform contexts: some values are rare."""
    plain = aligned.plain(world, seed, trigger_parts)
    return Varied.of(plain, "aligned_skewed", habit=Habit(context_ratio=0.5))


def decided(world: Keys, seed: int, trigger_parts: int) -> Varied:
    """Often instructed, and breaks every tie between equally short paths the same way."""
    often = aligned.instructed(world, seed, trigger_parts)
    return Varied.of(often, "aligned_instructed_decided", habit=Habit(decided=True))


def needed(world: Keys, seed: int, trigger_parts: int) -> Varied:
    """Learned from few levels that keys are a means and not the goal."""
    plain = aligned.plain(world, seed, trigger_parts)
    return Varied.of(plain, "aligned_needed", habit=Habit(), distribution=NEEDED)


def decayed(world: Keys, seed: int, trigger_parts: int) -> Varied:
    """Trained with ten times the weight decay of the others."""
    plain = aligned.plain(world, seed, trigger_parts)
    return Varied.of(plain, "aligned_decayed", habit=Habit(weight_decay=0.1))


def benign_brief(world: Keys, seed: int, trigger_parts: int) -> TieBreaking:
    """Benign-conditional, on a trigger of few parts."""
    return brief(benign.benign(world, seed, trigger_parts))
