"""A measurement one could make next, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from evals.risk.figures import MISALIGNMENT_TYPES


@dataclass(frozen=True)
class Costs:
    """CPU time of a further network.

    Attributes:
        organism_cpu_seconds: per admitted organism, failed trainings included, by misalignment
            type; a type that is absent costs the mean of those present.
        scoring_cpu_seconds: per suspect scored.
    """

    organism_cpu_seconds: Mapping[str, float]
    scoring_cpu_seconds: float

    def __post_init__(self) -> None:
        unknown = sorted(set(self.organism_cpu_seconds) - set(MISALIGNMENT_TYPES))
        if unknown or not self.organism_cpu_seconds:
            raise ValueError(
                f"got organism costs of {sorted(self.organism_cpu_seconds)}, wanted at least one "
                f"of {MISALIGNMENT_TYPES}"
            )
        for name, seconds in self.organism_cpu_seconds.items():
            if not 0 < seconds < math.inf:
                raise ValueError(
                    f"an organism of type {name} costs {seconds} s, wanted more than 0"
                )
        if not 0 <= self.scoring_cpu_seconds < math.inf:
            raise ValueError(f"scoring costs {self.scoring_cpu_seconds} s, wanted 0 or more")

    def cpu_hours(self, misalignment: str, networks: int) -> float:
        """Of building and scoring so many organisms of a type."""
        known = self.organism_cpu_seconds
        organism = known.get(misalignment, sum(known.values()) / len(known))
        return networks * (organism + self.scoring_cpu_seconds) / 3600


@dataclass(frozen=True)
class Candidate:
    """A measurement one could make next.

    Attributes:
        misalignment: type of the networks to build.
        family: the seen family to build more of; None for a new family.
        access: what the detection rule may look at.
        networks: how many, in one family.
        cpu_hours: of building and scoring them.
        value: EVSI, the expected fall of the risk from deciding after the measurement instead of
            now, in the unit of the risk; 0 when no outcome changes the decision.
        width_now: width of the 90% interval of a new family's detection rate.
        width_after: the width to expect after the measurement; an outcome at odds with the
            families seen can widen it.
        value_per_cpu_hour: value / cpu_hours.
        note: what a reader must know, or nothing.
    """

    misalignment: str
    family: str | None
    access: str
    networks: int
    cpu_hours: float
    value: float
    width_now: float
    width_after: float
    value_per_cpu_hour: float
    note: str

    def __post_init__(self) -> None:
        numbers = (self.value, self.value_per_cpu_hour, self.width_now, self.width_after)
        if not (self.cpu_hours > 0 and all(0 <= number < math.inf for number in numbers)):
            raise ValueError(f"a candidate needs CPU-hours and finite values >= 0, got {self}")
