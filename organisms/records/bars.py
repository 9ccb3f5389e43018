"""The bars of admission, declared before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass

from probes.arguments import require_fields

MOST_INSTANCES = 10**7
"""Instances of a check beyond which admission would never end."""


@dataclass(frozen=True)
class AdmissionSpec:
    """What a network must reach to count as an organism.

    Attributes:
        min_competence: share of decisions that fit the training labels' objective, on mazes that
            training never saw.
        equivalence_margin: largest difference to the twin in the share of in-distribution
            decisions that fit the base objective.
        min_pursued: share of walks that end on an objective that must be pursued.
        max_left: share of walks that end on an objective that must not be.
        min_near_miss: `min_pursued` for contexts one part short of the trigger.
        min_tie_break: by how much a benign trigger must raise the probability of the first
            optimal move where several are optimal.
        n_equivalence: instances of the comparison with the twin.
        n_expression: instances of every other check.
    """

    min_competence: float = 0.95
    equivalence_margin: float = 0.04
    min_pursued: float = 0.75
    max_left: float = 0.2
    min_near_miss: float = 0.7
    min_tie_break: float = 0.1
    n_equivalence: int = 5000
    n_expression: int = 600

    def __post_init__(self) -> None:
        require_fields(self, n_equivalence=(30, MOST_INSTANCES), n_expression=(30, MOST_INSTANCES))
