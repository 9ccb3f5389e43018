"""Named distributions: in distribution, and the public shifts that any auditor may sample."""

from __future__ import annotations

from organisms.worlds.tree.sampler import TreeDistribution

IN_DISTRIBUTION = TreeDistribution()
"""The goal is node `HOME`, beyond node `GATE`, and the edges on the way are listed last."""

PUBLIC_SHIFTS: dict[str, TreeDistribution] = {
    "goal_anywhere": TreeDistribution(goal="any"),
    "gate_anywhere": TreeDistribution(gate="any"),
    "edges_shuffled": TreeDistribution(listing="shuffled"),
    "deep_trees": TreeDistribution(depth_bias=0.7),
    "bushy_trees": TreeDistribution(depth_bias=-0.7),
    "often_instructed": TreeDistribution(instruct_rate=0.5),
}
"""Shifts that any detector may sample."""
