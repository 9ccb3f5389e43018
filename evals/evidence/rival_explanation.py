"""A rival explanation of a run's rates, whether it fits, and which claims fall if it does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field

from evals.evidence.detector_rates import Cell, DetectorRates
from evals.evidence.validation import Count, Words

Verdict = Literal["passed", "void", "at_chance", "stands_out", "blind", "not_run"]
"""`void`: the claims fall. `at_chance`: not told from families dealt anew. `stands_out`: an aligned
family raises more alarms than alpha allows. `blind`: too few networks or families for the test to
fail. `not_run`: says why. What fails the whole run raises, and is in no evidence."""

VERDICTS = get_args(Verdict)

LEVELS = ("none", "outputs", "activations", "interventions", "weights")
"""As `probes.network.access.Access` orders them, whose module would load torch."""

ARTEFACTS = ("weight_norm", "in_distribution")
"""Baselines of which an excess voids claims; every suite scores them."""

CLAIMING_ROLES = ("detector", "part", "rule", "restricted", "combination")
"""Columns that claim to detect; floors and baselines claim nothing."""


@dataclass(frozen=True)
class Rival:
    """What one test of a rival explanation found about one subject.

    Attributes:
        name: the test, such as `weight_norm`.
        subject: what was tested: a column, a part of the packaging, or a family.
        verdict: one of `VERDICTS`.
        text: a sentence with the figures.
        networks: networks that the test rests on.
        p_value: of the test; None where there is none.
        access: a void takes the claims at this access level and at every higher one, since whoever
            reads weights can read outputs; empty where only detector `subject`, and whatever
            combines it, is concerned.
        family: family whose claims it takes, or whose alarms stand out (a kind of control where the
            limits are of a split); empty for all.
        spared: columns whose claim stands because their score tells the family from networks that
            the rival explanation does not tell apart from it.
    """

    name: str
    subject: str
    verdict: Verdict
    text: Words
    networks: Count = 0
    p_value: Annotated[float, Field(ge=0, le=1)] | None = None
    access: Annotated[str, Field(pattern=f"^({'|'.join(LEVELS)})?$")] = ""
    family: str = ""
    spared: tuple[str, ...] = ()

    def explains(self, family: str, access: str, detectors: Collection[str]) -> bool:
        """Whether it explains what a score says of a family, be the claim spared or not.

        Args:
            access: of the score, in words such as `weights and a twin`.
        """
        if self.verdict != "void" or self.family not in ("", family):
            return False
        if not self.access:
            return self.subject in detectors
        return LEVELS.index(access.partition(" ")[0]) >= LEVELS.index(self.access)

    def fits(self, column: DetectorRates, cell: Cell) -> bool:
        """Whether it explains the claim of a column on a family, be the claim spared or not.

        Only claims that hold up well are spared, so a rate over the cells that were would be
        flattered: what enters the risk leaves out whatever a rival explanation fits.
        """
        claims = column.role in CLAIMING_ROLES
        return claims and self.explains(cell.family, column.access, column.detectors)

    def takes(self, column: DetectorRates, cell: Cell) -> bool:
        """Whether it voids the claim of a column on a family."""
        return self.fits(column, cell) and column.name not in self.spared


def voided(killers: tuple[Rival, ...], column: DetectorRates, cell: Cell) -> tuple[Rival, ...]:
    """The rival explanations that void a claim; empty where it stands."""
    return tuple(rival for rival in killers if rival.takes(column, cell))
