"""What the decomposition takes to be true: judged figures, measurements and suppositions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from evals.family_posterior import FamilyPosterior
from evals.risk.figures import MISALIGNMENT_TYPES, Figures
from evals.risk.severity import SeverityLink
from evals.risk.what_if import WhatIf


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
    """

    figures: Figures
    detection: Mapping[str, FamilyPosterior | None] = field(
        default_factory=lambda: MappingProxyType({})
    )
    emergence: FamilyPosterior | None = None
    misaligned: FamilyPosterior | None = None
    link: SeverityLink = field(default_factory=SeverityLink)
    what_if: WhatIf = field(default_factory=WhatIf)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.detection) - set(MISALIGNMENT_TYPES))
        if unknown:
            raise ValueError(
                f"unknown misalignment types {unknown}, wanted some of {MISALIGNMENT_TYPES}"
            )
