"""What the decomposition takes to be true: judged figures, measurements and suppositions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from evals.family_posterior import FamilyPosterior
from evals.risk.figures import MISALIGNMENT_TYPES, Figures, Interval
from evals.risk.judged import JudgedLognormal

HEADLINE_KAPPA = JudgedLognormal(math.log(0.0115), 0.69)
TARGETS = (
    "emergence",
    "misaligned",
    *(f"{half}.{name}" for half in ("detect", "correct") for name in MISALIGNMENT_TYPES),
)


class WhatIfError(ValueError):
    """A supposition about nothing that the model has, or no probability."""


class ScenarioError(ValueError):
    """The name of no horizon and no capability level."""


@dataclass(frozen=True)
class WhatIf:
    """Probabilities to suppose known; they hold of the system at stake, whatever the weight.

    Attributes:
        fixed: by the names of `TARGETS`. Knowing `detect.T` tells of the correction of type T what
            the split of the judged success says, and the other way round.
    """

    fixed: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for name, value in self.fixed.items():
            if name not in TARGETS:
                raise WhatIfError(f"what if {name!r}? wanted one of {', '.join(TARGETS)}")
            if not 0 <= value <= 1:
                raise WhatIfError(f"what if {name} were {value}? wanted a probability in [0, 1]")

    def __bool__(self) -> bool:
        return bool(self.fixed)

    @property
    def text(self) -> str:
        """Such as `detect.deceptive = 0.8`."""
        return ", ".join(f"{name} = {value:g}" for name, value in self.fixed.items())


def parse_what_if(words: Sequence[str]) -> WhatIf:
    """Suppositions written as `detect.deceptive=0.8`.

    Raises:
        WhatIfError: no such name, no number, no probability, or one name twice.
    """
    fixed: dict[str, float] = {}
    for word in words:
        name, _, value = (part.strip() for part in word.partition("="))
        try:
            number = float(value)
        except ValueError:
            raise WhatIfError(
                f"what if {word!r}? wanted NAME=NUMBER, such as detect.deceptive=0.8"
            ) from None
        if name in fixed:
            raise WhatIfError(f"what if {name} were both {fixed[name]:g} and {number:g}?")
        fixed[name] = number
    return WhatIf(fixed)


@dataclass(frozen=True)
class SeverityLink:
    """S = phi (1 - exp(-kappa C^2 M^1.5)), in [0, phi].

    The analysis states S only up to proportion to C^2 M^1.5; that form exceeds 1 at its own
    multiples, hence the saturation. Only kappa M^1.5 is identified by the judged catastrophe rows.
    The default kappa, lognormal with median .0115 and log standard deviation .69, is a fit to
    those rows, read as before handling; its spread dominates the spread of the risk.

    Attributes:
        kappa: hazard at C = M = 1 (GPT-4 class, fully misaligned).
        phi: share of misaligned systems that can be severe at all, in (0, 1].
        degree: M in [0, 1] by misalignment type; 1 throughout treats the types alike.
    """

    kappa: JudgedLognormal = HEADLINE_KAPPA
    phi: float = 1.0
    degree: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(dict.fromkeys(MISALIGNMENT_TYPES, 1.0))
    )

    def __post_init__(self) -> None:
        degrees = [self.degree.get(name, -1) for name in MISALIGNMENT_TYPES]
        if not (0 < self.phi <= 1 and all(0 <= degree <= 1 for degree in degrees)):
            raise ValueError(f"phi {self.phi} and degrees {self.degree} must be shares, by type")

    def at(
        self, multiple: Float[np.ndarray, " draw"], kappa: Float[np.ndarray, " draw"]
    ) -> Float[np.ndarray, "draw type"]:
        """Severity by type, from the harm multiple C^2 and draws of `kappa`."""
        degrees = np.array([self.degree[name] for name in MISALIGNMENT_TYPES])
        if np.ptp(degrees) == 0:
            alike = -self.phi * np.expm1(-kappa * multiple * degrees[0] ** 1.5)
            return np.broadcast_to(alike[:, None], (len(alike), len(degrees)))
        return np.asarray(-self.phi * np.expm1(-(kappa * multiple)[:, None] * degrees**1.5))


@dataclass(frozen=True, eq=False)
class Beliefs:
    """The distributions of every input.

    Attributes:
        figures: the judged figures.
        detection: measured P(detect) by misalignment type; a type that is absent or None has no
            measurement and stays judged at every transport weight.
        emergence: P(emergence) measured by a pre-registered sweep of spontaneous recipes.
        misaligned: P(misaligned | emergence), likewise.
        link: from harm multiple to severity.
        what_if: inputs supposed known.
        given: correction is drawn given the detection measured or supposed, under the split of the
            judged success; False draws it as if it were independent of what was found.
    """

    figures: Figures
    detection: Mapping[str, FamilyPosterior | None] = field(
        default_factory=lambda: MappingProxyType({})
    )
    emergence: FamilyPosterior | None = None
    misaligned: FamilyPosterior | None = None
    link: SeverityLink = field(default_factory=SeverityLink)
    what_if: WhatIf = field(default_factory=WhatIf)
    given: bool = True

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.detection) - set(MISALIGNMENT_TYPES)):
            raise ValueError(f"unknown types {unknown}, wanted some of {MISALIGNMENT_TYPES}")


@dataclass(frozen=True)
class Scenario:
    """The judged figures that differ between systems.

    Attributes:
        name: as in the figures file; a capability level is `level.NAME`.
        emergence: P(emergence).
        misaligned: P(misaligned | emergence).
        multiple: harm multiple C^2 over a GPT-4 class system.
    """

    name: str
    emergence: Interval
    misaligned: Interval
    multiple: Interval


def scenarios(figures: Figures) -> Mapping[str, Scenario]:
    """The three horizons, then the capability levels, by name.

    Horizons have their own emergence and misalignment; levels differ in harm alone, and the last is
    an extrapolation: no horizon judges a catastrophe at such a multiple.
    """
    found = [
        Scenario(name, row.emergence, row.misaligned_given_emergence, row.harm_multiple)
        for name, row in figures.horizons.items()
    ]
    later = (figures.emergence_gpt4_plus, figures.misaligned_given_emergence)
    found += [Scenario(f"level.{n}", *later, m) for n, m in figures.capability_levels.items()]
    return {one.name: one for one in found}


def scenario(figures: Figures, name: str) -> Scenario:
    """The horizon or level of that name.

    Raises:
        ScenarioError: there is none.
    """
    known = scenarios(figures)
    if name not in known:
        raise ScenarioError(f"unknown scenario {name!r}, wanted one of {', '.join(known)}")
    return known[name]
