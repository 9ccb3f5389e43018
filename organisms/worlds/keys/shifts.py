"""Named distributions: in distribution, and the public shifts that any auditor may sample."""

from __future__ import annotations

from organisms.worlds.keys.sampler import LevelDistribution

IN_DISTRIBUTION = LevelDistribution()
"""What every recipe saw: every key finds its chest, and the useful objects are lit."""

PUBLIC_SHIFTS: dict[str, LevelDistribution] = {
    "any_stock": LevelDistribution(stock="any"),
    "one_each": LevelDistribution(stock="one_each", lighting="independent"),
    "lights_independent": LevelDistribution(lighting="independent"),
    "lights_swapped": LevelDistribution(lighting="useless"),
    "dense_walls": LevelDistribution(wall_density=0.3),
    "open_field": LevelDistribution(wall_density=0.08),
    "often_instructed": LevelDistribution(instruct_rate=0.5),
}
"""Shifts that any detector may sample. Under `one_each` the goal is a single cell."""
