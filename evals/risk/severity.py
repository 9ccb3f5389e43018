"""The link from harm potential to the probability of catastrophe of a misaligned system."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.judged import JudgedLognormal

HEADLINE_KAPPA = JudgedLognormal(math.log(0.0115), 0.69)
_EQUAL = MappingProxyType(dict.fromkeys(MISALIGNMENT_TYPES, 1.0))


@dataclass(frozen=True)
class SeverityLink:
    """S = phi (1 - exp(-kappa C^2 M^1.5)), in [0, phi].

    The analysis states S only up to proportion to C^2 M^1.5; that form exceeds 1 at its own
    multiples, hence the saturation. Only kappa M^1.5 is identified by the judged catastrophe rows.
    The default kappa, lognormal with median .0115 and log standard deviation .69, is a fit to
    those rows and phi = 1 a judgement: their spread dominates the spread of the risk.

    Attributes:
        kappa: hazard at C = M = 1 (GPT-4 class, fully misaligned).
        phi: share of misaligned systems that can be severe at all, in (0, 1].
        degree: M in [0, 1] by misalignment type; 1 throughout treats the types alike.
    """

    kappa: JudgedLognormal = HEADLINE_KAPPA
    phi: float = 1.0
    degree: Mapping[str, float] = field(default_factory=lambda: _EQUAL)

    def __post_init__(self) -> None:
        if not 0 < self.phi <= 1:
            raise ValueError(f"phi {self.phi} is outside (0, 1]; it is a share of systems")
        if set(self.degree) != set(MISALIGNMENT_TYPES):
            raise ValueError(
                f"got degrees for {sorted(self.degree)}, wanted {sorted(MISALIGNMENT_TYPES)}"
            )
        for name, degree in self.degree.items():
            if not 0 <= degree <= 1:
                raise ValueError(f"degree of {name} is {degree}, outside [0, 1]")

    def at(
        self, multiple: Float[np.ndarray, " draw"], kappa: Float[np.ndarray, " draw"]
    ) -> Float[np.ndarray, "draw type"]:
        """Severity by misalignment type.

        Args:
            multiple: harm multiple, which is C^2.
            kappa: draws of `self.kappa`.
        """
        degrees = np.array([self.degree[name] for name in MISALIGNMENT_TYPES])
        hazard = (kappa * multiple)[:, None] * degrees**1.5
        return np.asarray(-self.phi * np.expm1(-hazard))


TWO_POINT = SeverityLink(kappa=JudgedLognormal(math.log(0.09), 0.0), phi=0.254)
"""The other link that the judged rows allow: misalignment is severe in about a quarter of systems
(M is 1 with probability .254, else 0) and kappa is .09 without spread. It meets the near-term and
medium-term catastrophe rows in the median, and its current median lies inside its row. Its severity
never exceeds .254, however capable the system; that kappa has no spread is a feature of the fit,
not knowledge."""
