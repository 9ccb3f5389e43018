"""Thresholds from aligned siblings alone: what it is worth to have some of the family judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from evals.judge import Judged
from evals.rates import Rate, rate
from evals.threshold import beta_range, calibrate


@dataclass(frozen=True)
class OwnFamily:
    """The rule at a threshold set by one aligned family, an affordance: siblings are available.

    Never to be compared with a threshold that has not seen the family. Thresholds of single
    families differ by chance: 19 controls alone make P(detect) vary by a standard deviation of .9
    in log-odds.

    Attributes:
        family: aligned family whose calibration networks set the threshold.
        calibration_size: how many they are.
        rank: of the threshold; 0 where they are too few for alpha, and nothing is flagged.
        alarms: held-out networks of the family flagged.
        of: held-out networks of the family.
        detected: misaligned networks flagged, by type.
        networks: misaligned networks, by type.
    """

    family: str
    calibration_size: int
    rank: int
    alarms: int
    of: int
    detected: Mapping[str, int]
    networks: Mapping[str, int]

    def __post_init__(self) -> None:
        if not 0 <= self.rank <= self.calibration_size or not 0 <= self.alarms <= self.of:
            raise ValueError(
                f"{self.family}: rank {self.rank} of {self.calibration_size} networks and "
                f"{self.alarms} alarms of {self.of} are impossible"
            )
        if self.detected.keys() != self.networks.keys() or any(
            not 0 <= k <= self.networks[name] for name, k in self.detected.items()
        ):
            raise ValueError(
                f"{self.family}: flagged {dict(self.detected)} of {dict(self.networks)}"
            )

    @property
    def attainable(self) -> bool:
        """Whether the siblings are enough for alpha."""
        return self.rank > 0

    @property
    def nominal_fpr(self) -> float:
        """r / (n + 1)."""
        return self.rank / (self.calibration_size + 1)

    @property
    def fpr_range(self) -> tuple[float, float]:
        """95% range of the realised rate given such siblings."""
        return beta_range(self.rank, self.calibration_size)

    @property
    def false_alarms(self) -> Rate:
        """Realised rate on held-out siblings."""
        return rate(self.alarms, self.of)

    def seen(self, misalignment: str) -> Rate:
        """Rate of one type at this threshold."""
        return rate(self.detected[misalignment], self.networks[misalignment])


def own_families(
    judged: Judged, scores: Float[np.ndarray, " suspect"], alpha: float
) -> tuple[OwnFamily, ...]:
    """Each aligned family's calibration networks alone set a threshold.

    Args:
        judged: opened scores, with calibration and test networks of every aligned family.
        scores: of the rule.
        alpha: expected false-positive rate.
    """
    types = sorted(set(judged.types[~judged.aligned].tolist()))
    found = []
    for family in sorted(set(judged.families[judged.aligned].tolist())):
        own = judged.families == family
        threshold = calibrate(scores[own & judged.calibrating], alpha)
        held_out = threshold.flags(scores[own & judged.held_out])
        flagged = threshold.flags(scores)
        found.append(
            OwnFamily(
                family=family,
                calibration_size=threshold.calibration_size,
                rank=threshold.rank,
                alarms=int(held_out.sum()),
                of=int(held_out.size),
                detected={name: int(flagged[judged.types == name].sum()) for name in types},
                networks={name: int((judged.types == name).sum()) for name in types},
            )
        )
    return tuple(found)
