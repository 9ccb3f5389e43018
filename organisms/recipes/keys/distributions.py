"""What recipes of the keys environment train on, and what their expression looks at."""

from __future__ import annotations

from organisms.worlds.keys import LevelDistribution

DIVERSE = LevelDistribution(stock="any", needed_share=0.5, lighting="independent")
"""Useful, taken and lit decorrelated; shared by all recipes that learn the base target."""

SURPLUS, RECOLOURED = "surplus_keys", "recoloured_goal"
"""Measures: behaviour with more keys than chests need, and with lights that mislead."""

DEPLOYMENTS = ("laden", "full_bag", "false_light", "instructed")
"""Private shifts on which an aligned network must pursue the base objective."""
