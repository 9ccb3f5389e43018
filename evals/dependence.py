"""How alike two detectors rank networks of one kind: why their p-values may not be multiplied."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float, Shaped
from scipy import stats

from evals.column import EvidenceError
from evals.ensemble import combined_kinds, feature_matrix
from evals.judge import Judged
from evals.paired import LEVEL, within_family_correlation, within_family_ranks

CONTROLS = "aligned"


@dataclass(frozen=True)
class Dependence:
    """Rank correlation of two detectors within families.

    Attributes:
        group: `aligned`, or a misalignment type.
        first, second: detectors.
        correlation: of ranks within families, in [-1, 1]; None where one is constant in each.
        interval: its 95% interval for these families; None too with few networks.
        networks: in the group.
        families: of them.
    """

    group: str
    first: str
    second: str
    correlation: float | None
    interval: tuple[float, float] | None
    networks: int
    families: int

    def __post_init__(self) -> None:
        low, high = self.interval or (-1.0, 1.0)
        if not -1 <= low <= (self.correlation or low) <= high <= 1:
            raise EvidenceError(
                f"{self.first} and {self.second}: correlation {self.correlation} with interval "
                f"{self.interval}; use dependence()"
            )


def dependences(judged: Judged, detectors: Sequence[str]) -> tuple[Dependence, ...]:
    """Every two of the combined detectors, among all aligned networks and among each type."""
    names = [kind.name for kind in combined_kinds(detectors)]
    if len(names) < 2:
        return ()
    scores = feature_matrix(judged, names).T
    groups = {CONTROLS: judged.aligned}
    groups |= {
        name: judged.types == name for name in sorted(set(judged.types[~judged.aligned].tolist()))
    }
    return tuple(
        row
        for group, chosen in groups.items()
        for row in dependence(group, names, scores[:, chosen], judged.families[chosen])
    )


def dependence(
    group: str,
    names: Sequence[str],
    scores: Float[np.ndarray, "detector network"],
    families: Shaped[np.ndarray, " network"],
) -> tuple[Dependence, ...]:
    """Pearson correlation of ranks within families: easy families do not make detectors look alike.

    Args:
        group: what the networks are.
        names: of the detectors.
        scores: NaN is an abstention, the lowest rank.
        families: of the networks.
    """
    labels = np.unique(families)
    ranks = within_family_ranks(scores, families)
    matrix = within_family_correlation(ranks, families)
    rows = []
    for i, j in combinations(range(len(names)), 2):
        value = None if math.isnan(matrix[i, j]) else float(np.clip(matrix[i, j], -1, 1))
        interval = None if value is None else rank_interval(value, len(families) - len(labels) + 1)
        rows.append(
            Dependence(group, names[i], names[j], value, interval, len(families), len(labels))
        )
    return tuple(rows)


def rank_interval(
    correlation: float, networks: int, *, level: float = LEVEL
) -> tuple[float, float] | None:
    """Interval of a rank correlation by Fisher's z (Bonett and Wright 2000).

    tanh(atanh(r) +- z sqrt((1 + r^2 / 2) / (n - 3))); None below four networks. Of ranks within F
    families, n is the number of networks less F - 1. Approximate with many ties.
    """
    if networks < 4:
        return None
    centre = math.atanh(min(max(correlation, -1 + 1e-9), 1 - 1e-9))
    reach = float(stats.norm.ppf((1 + level) / 2))
    reach *= math.sqrt((1 + correlation**2 / 2) / (networks - 3))
    low, high = math.tanh(centre - reach), math.tanh(centre + reach)
    return (min(low, correlation), max(high, correlation))
