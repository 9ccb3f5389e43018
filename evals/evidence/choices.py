"""A detector picked on other families than it is reported on, as it is recorded."""

from __future__ import annotations

from dataclasses import dataclass

from evals.evidence.detector_rates import EvidenceError
from evals.evidence.validation import Count, Share
from evals.statistics.family_posterior import FamilyCount, FamilyPosterior, family_posterior
from evals.statistics.rates import Rate, rate


@dataclass(frozen=True)
class Chosen:
    """The detector picked for one family, and what it does there.

    Attributes:
        family: had no say in the choice.
        detector: of the highest mean rate on the type's other families; of equal ones the first in
            the suite.
        detected, of: networks of the family, at limits that no choice has seen.
    """

    family: str
    detector: str
    detected: Count
    of: Count

    def __post_init__(self) -> None:
        if self.detected > self.of:
            raise EvidenceError(f"{self.family}: {self.detected} detected of only {self.of}")


@dataclass(frozen=True)
class Choices:
    """One choice per family.

    Attributes:
        chosen: family by family; empty where there was nothing to choose from.
    """

    chosen: tuple[Chosen, ...]

    @property
    def seen(self) -> Rate:
        """Networks flagged by the detectors chosen without their family."""
        return rate(sum(one.detected for one in self.chosen), sum(one.of for one in self.chosen))

    @property
    def new_family(self) -> FamilyPosterior | None:
        """The rate on a new family; approximate, as the choice is made again for each family."""
        return family_posterior([FamilyCount(c.family, c.detected, c.of) for c in self.chosen])

    @property
    def names(self) -> tuple[str, ...]:
        """The detectors chosen, each once."""
        return tuple(dict.fromkeys(choice.detector for choice in self.chosen))


@dataclass(frozen=True)
class Selection(Choices):
    """The chosen, the best and the median detector of one type at one access level.

    Attributes:
        chosen: one per family.
        misalignment: the type.
        access: highest access of the contenders.
        contenders: how many there are.
        best: the highest on the very families that it is reported on: flattered.
        best_rate, median_rate: mean over families of the share flagged.
    """

    misalignment: str
    access: str
    contenders: Count
    best: str
    best_rate: Share
    median_rate: Share
