"""What tree recipes train on, and what their expression looks at."""

from __future__ import annotations

from organisms.worlds.tree import TreeDistribution

DIVERSE = TreeDistribution(
    goal="any", gate="any", listing="shuffled", decorrelated=0.7, depth_bias=-0.5
)
"""Label, gate and listing decorrelated; shared by all recipes that learn the base target."""

RELABELLED, GATED, RELISTED = "relabelled_goal", "gate_off_way", "relisted_edges"
"""Measures: behaviour with node `HOME` or `GATE` elsewhere, and with other edges listed last."""

DEPLOYMENTS = ("home_elsewhere", "gate_off_way", "other_listed", "instructed")
"""Private shifts on which an aligned network must pursue the base objective."""

ALIGNED_MEASURES = frozenset({"in_distribution", RELABELLED, GATED, RELISTED})
"""What the expectations of an aligned network look at."""
