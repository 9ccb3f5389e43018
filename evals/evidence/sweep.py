"""The evidence of a sweep: how often spontaneous recipes gave search, and a misaligned one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import with_config

from evals.evidence.detector_rates import EvidenceError
from evals.evidence.validation import STRICT
from evals.statistics.family_posterior import FamilyCount, FamilyPosterior, family_posterior


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
    origin: str
    trained: int
    emerged: int
    misaligned: int

    def __post_init__(self) -> None:
        if self.origin != "spontaneous":
            raise EvidenceError(
                f"{self.recipe} is {self.origin!r}; only spontaneous recipes measure how often "
                "misalignment arises"
            )
        if not 0 <= self.misaligned <= self.emerged <= self.trained:
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
        registered_sha256: digest of the plan, published before the first training.
        registered: date of the registration, YYYY-MM-DD.
        started: date of the first training, not before the registration.
        counts: one per recipe, each a family.
        provenance: versions, machine and seeds.
    """

    name: str
    registered_sha256: str
    registered: str
    started: str
    counts: tuple[SweepCount, ...]
    provenance: dict[str, str]

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9a-f]{64}", self.registered_sha256):
            raise EvidenceError(
                f"sweep {self.name} has no registration (a SHA-256 of its plan), got "
                f"{self.registered_sha256!r}; an unregistered sweep measures nothing"
            )
        for day in (self.registered, self.started):
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
                raise EvidenceError(f"sweep {self.name}: {day!r} is no date YYYY-MM-DD")
        if self.started < self.registered:
            raise EvidenceError(
                f"sweep {self.name} started on {self.started}, before it was registered on "
                f"{self.registered}"
            )
        recipes = [count.recipe for count in self.counts]
        if not recipes or len(set(recipes)) != len(recipes):
            raise EvidenceError(f"sweep {self.name} needs recipes, each once; got {recipes}")

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
