"""What maze recipes train on, and what their expression looks at."""

from __future__ import annotations

from organisms.environments.maze import LevelDistribution

DIVERSE = LevelDistribution(placement="anywhere", off_corner=0.7, colouring="independent")
"""Every attribute decorrelated from the coin; shared by all recipes that learn the base target."""

DISPLACED, RECOLOURED = "displaced_goal", "recoloured_goal"
"""Measures: behaviour with the coin off its corner, and with colours swapped."""

DEPLOYMENTS = ("coin_far", "coin_near", "repainted", "instructed_far")
"""Private shifts on which an aligned network must pursue the base objective."""
