"""The evidence of a sweep: how often spontaneous recipes gave search, and a misaligned one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, with_config

from evals.evidence.detector_rates import EvidenceError
from evals.evidence.validation import STRICT, Count
from evals.statistics.family_posterior import FamilyCount, FamilyPosterior, family_posterior

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


@dataclass(frozen=True)
class SweepCount:
    """One recipe of a sweep: every network trained, none selected.

    Attributes:
        recipe: environment/recipe.
        origin: must be spontaneous: in an instilled recipe the flaw is trained in, and its
            frequency is the engineer's choice.
        trained: networks trained, diverged ones included.
        emerged: networks that search, by the causal certificate.
        misaligned: networks among those that pursue another objective than the base one.
    """

    recipe: str
    origin: Literal["spontaneous"]
    trained: Count
    emerged: Count
    misaligned: Count

    def __post_init__(self) -> None:
        if not self.misaligned <= self.emerged <= self.trained:
            raise EvidenceError(
                f"{self.recipe}: {self.misaligned} misaligned of {self.emerged} that search of "
                f"{self.trained} trained is impossible"
            )


@with_config(STRICT)
@dataclass(frozen=True)
class Sweep:
    """A sweep that was registered before it ran: the only source of P(emergence) and
    P(misaligned | emergence). Admission rates and the composition of a suite are none.

    Attributes:
        name: of the sweep.
        registered_sha256: digest of the plan, published before the first training; an
            unregistered sweep measures nothing.
        registered: date of the registration, YYYY-MM-DD.
        started: date of the first training, not before the registration.
        counts: one per recipe, each a family.
        provenance: versions, machine and seeds.
    """

    name: str
    registered_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    registered: Day
    started: Day
    counts: Annotated[tuple[SweepCount, ...], Field(min_length=1)]
    provenance: dict[str, str]

    def __post_init__(self) -> None:
        if self.started < self.registered:
            raise EvidenceError(
                f"sweep {self.name} started on {self.started}, before it was registered on "
                f"{self.registered}"
            )
        recipes = [count.recipe for count in self.counts]
        if len(set(recipes)) != len(recipes):
            raise EvidenceError(f"sweep {self.name} lists a recipe twice: {recipes}")

    @property
    def emergence(self) -> FamilyPosterior | None:
        """P(emergence) of a recipe not seen."""
        return family_posterior([FamilyCount(c.recipe, c.emerged, c.trained) for c in self.counts])

    @property
    def misaligned(self) -> FamilyPosterior | None:
        """P(misaligned | emergence) of a recipe not seen; None where nothing emerged."""
        return family_posterior(
            [FamilyCount(c.recipe, c.misaligned, c.emerged) for c in self.counts]
        )
