"""Suppositions that replace an uncertain input by a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from evals.risk.figures import MISALIGNMENT_TYPES

TARGETS = (
    "emergence",
    "misaligned",
    *(f"detect.{name}" for name in MISALIGNMENT_TYPES),
    *(f"correct.{name}" for name in MISALIGNMENT_TYPES),
)


class WhatIfError(ValueError):
    """A supposition about nothing that the model has, or no probability."""


@dataclass(frozen=True)
class WhatIf:
    """Probabilities to suppose known; they hold of the system at stake, whatever the weight.

    Attributes:
        fixed: by the names of `TARGETS`. Fixing `detect.T` keeps the correction of type T judged.
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
        name, sign, value = (part.strip() for part in word.partition("="))
        try:
            number = float(value)
        except ValueError:
            number = None
        if not sign or number is None:
            raise WhatIfError(f"what if {word!r}? wanted NAME=NUMBER, such as detect.deceptive=0.8")
        if name in fixed:
            raise WhatIfError(f"what if {name} were both {fixed[name]:g} and {number:g}?")
        fixed[name] = number
    return WhatIf(fixed)
