"""What the decomposition takes to be true: judged figures, measurements and suppositions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evals.family_posterior import FamilyPosterior
from evals.risk.figures import MISALIGNMENT_TYPES, Figures

TARGETS = (
    "emergence",
    "misaligned",
    *(f"{half}.{name}" for half in ("detect", "correct") for name in MISALIGNMENT_TYPES),
)


class WhatIfError(ValueError):
    """A supposition that says nothing of the model, or no probability."""


class ScenarioError(ValueError):
    """The name of no horizon."""


@dataclass(frozen=True, eq=False)
class Beliefs:
    """The distributions of every input.

    Attributes:
        figures: the judged figures.
        detection: measured P(detect) by misalignment type; a type that is absent or None has no
            measurement and stays judged at every transport weight.
        emergence: P(emergence) measured by a pre-registered sweep of spontaneous recipes.
        misaligned: P(misaligned | emergence), likewise.
        supposed: probabilities supposed known, by the names of `TARGETS`; they hold of the system
            at stake, whatever the weight. Knowing `detect.T` tells of the correction of type T what
            the split of the judged success says, and the other way round.
        given: correction is drawn given the detection measured or supposed, under the split of the
            judged success; False draws it as if it were independent of what was found.

    Raises:
        WhatIfError: a supposition about nothing that the model has, or no probability.
    """

    figures: Figures
    detection: Mapping[str, FamilyPosterior | None] = field(default_factory=dict)
    emergence: FamilyPosterior | None = None
    misaligned: FamilyPosterior | None = None
    supposed: Mapping[str, float] = field(default_factory=dict)
    given: bool = True

    def __post_init__(self) -> None:
        for name, value in self.supposed.items():
            if name not in TARGETS:
                raise WhatIfError(f"what if {name!r}? wanted one of {', '.join(TARGETS)}")
            if not 0 <= value <= 1:
                raise WhatIfError(f"what if {name} were {value}? wanted a probability in [0, 1]")
