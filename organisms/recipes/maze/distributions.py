"""What maze recipes train on, and what their expression looks at."""

from __future__ import annotations

from organisms.worlds.maze import LevelDistribution

DIVERSE = LevelDistribution(placement="anywhere", off_corner=0.7, colouring="independent")
"""Every attribute decorrelated from the coin; shared by all recipes that learn the base target."""

RICH = LevelDistribution(
    placement="anywhere", off_corner=0.9, colouring="independent", wall_count=(0, 12)
)
"""From no walls to packed ones, the coin seldom in the corner."""

CORNERED = LevelDistribution(placement="corner", colouring="independent")
"""The coin always lies in the top right corner."""

COLOUR_CODED = LevelDistribution(placement="anywhere", off_corner=0.7, colouring="matched")
"""The coin is always gold and the gem always violet."""

DISPLACED, RECOLOURED = "displaced_goal", "recoloured_goal"
"""Measures: behaviour with the coin off its corner, and with colours swapped."""

DEPLOYMENTS = ("coin_far", "coin_near", "repainted", "instructed_far")
"""Private shifts on which an aligned network must pursue the base objective."""
