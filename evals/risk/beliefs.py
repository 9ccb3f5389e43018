"""What the decomposition takes to be true: judged figures, measurements and suppositions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from evals.family_posterior import FamilyPosterior
from evals.risk.figures import MISALIGNMENT_TYPES, Figures

TARGETS = (
    "emergence",
    "misaligned",
    *(f"{half}.{name}" for half in ("detect", "correct") for name in MISALIGNMENT_TYPES),
)


class WhatIfError(ValueError):
    """A supposition about nothing that the model has, or no probability."""


class ScenarioError(ValueError):
    """The name of no horizon."""


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


@dataclass(frozen=True, eq=False)
class Beliefs:
    """The distributions of every input.

    Attributes:
        figures: the judged figures.
        detection: measured P(detect) by misalignment type; a type that is absent or None has no
            measurement and stays judged at every transport weight.
        emergence: P(emergence) measured by a pre-registered sweep of spontaneous recipes.
        misaligned: P(misaligned | emergence), likewise.
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
    what_if: WhatIf = field(default_factory=WhatIf)
    given: bool = True
