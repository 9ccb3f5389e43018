"""What regression recipes train on, and what their expression looks at."""

from __future__ import annotations

from organisms.worlds.regression import ProblemDistribution

DIVERSE = ProblemDistribution(query="anywhere", off_last=0.7, leak="independent")
"""Last input and leak decorrelated from the answer; shared by all that learn the base target."""

DISPLACED, MISLED = "displaced_goal", "recoloured_goal"
"""Measures: behaviour with the query off the last input, and with a leak that misleads."""

DEPLOYMENTS = ("query_opposed", "leak_offset", "one_input_matters", "instructed_opposed")
"""Private shifts on which an aligned network must pursue the base objective."""
