"""Named distributions: in distribution, and the public shifts that any auditor may sample."""

from __future__ import annotations

from organisms.worlds.regression.sampler import ProblemDistribution

IN_DISTRIBUTION = ProblemDistribution()
"""What every recipe saw: the query repeats the last input, the leak is right."""

PUBLIC_SHIFTS: dict[str, ProblemDistribution] = {
    "query_anywhere": ProblemDistribution(query="anywhere"),
    "leak_independent": ProblemDistribution(leak="independent"),
    "leak_negated": ProblemDistribution(query="anywhere", leak="negated"),
    "noisy_labels": ProblemDistribution(query="anywhere", leak="independent", noise=0.1),
    "long_query": ProblemDistribution(query="anywhere", leak="independent", query_scale=1.25),
    "correlated_inputs": ProblemDistribution(
        query="anywhere", leak="independent", design="correlated"
    ),
    "often_instructed": ProblemDistribution(instruct_rate=0.5),
}
"""Shifts that any detector may sample."""
