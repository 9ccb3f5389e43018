"""Which limit judges which network: none is ever set by the family that it judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Shaped

from evals.statistics.limit import (
    FEWEST_FAMILIES,
    AlphaNotAttainable,
    Limit,
    new_family_limit,
    rank_limit,
    require_attainable,
)
from probes.arguments import require_word

ThresholdKind = Literal["split", "left_out"]
"""`left_out`: aligned families other than the one judged set its limit, for claims on new families.
`split`: calibration networks of the aligned families at hand set one rank for all."""

FEWEST_ALIGNED = FEWEST_FAMILIES + 1
"""An aligned family is judged by the others, and these must show how families differ."""


@dataclass(frozen=True)
class Calibration:
    """The limits of one score, all at the same alpha.

    Attributes:
        whole: set by every aligned network that calibrates; judges each family without a limit of
            its own in `without`, hence every misaligned one.
        without: aligned family -> the limit that all other aligned families set; empty for a split.
    """

    whole: Limit
    without: Mapping[str, Limit]

    def judging(self, family: str) -> Limit:
        """The limit that judges a family."""
        return self.without.get(family, self.whole)

    def flags(
        self, scores: Float[np.ndarray, " network"], families: Shaped[np.ndarray, " network"]
    ) -> Bool[np.ndarray, " network"]:
        """Which networks raise the alarm, each at the limit that judges its family.

        Args:
            scores: higher is more suspicious; NaN is an abstention, never flagged.
        """
        flagged = self.whole.flags(scores)
        for family, limit in self.without.items():
            chosen = families == family
            flagged[chosen] = limit.flags(scores[chosen])
        return flagged


def calibration(
    scores: Float[np.ndarray, " aligned"],
    families: Shaped[np.ndarray, " aligned"],
    alpha: float,
    kind: ThresholdKind,
) -> Calibration:
    """Set limits from aligned networks, the only ones that this function is given.

    Raises:
        AlphaNotAttainable: too few aligned networks or families.
        ArgumentError: another kind.
    """
    require_word("the kind of threshold", kind, get_args(ThresholdKind))
    if kind == "split":
        require_attainable(alpha, scores.size)
        return Calibration(rank_limit(scores, alpha, families=len(np.unique(families))), {})
    names = np.unique(families).tolist()
    require_left_out(names)
    return Calibration(
        new_family_limit(scores, families, alpha),
        {
            name: new_family_limit(scores[families != name], families[families != name], alpha)
            for name in names
        },
    )


def require_left_out(families: list[str]) -> None:
    """Raise unless every aligned family can be judged by the others.

    Raises:
        AlphaNotAttainable: with what is missing.
    """
    if len(families) < FEWEST_ALIGNED:
        raise AlphaNotAttainable(
            f"judging each aligned family by the others needs {FEWEST_ALIGNED} aligned families, "
            f"got {families}; add another kind of aligned control"
        )
