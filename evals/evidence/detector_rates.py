"""A column of the evidence: what a detector, a part of one or the rule did at its limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from evals.evidence.validation import Cost, Count, Share
from evals.statistics.calibration import ThresholdKind
from evals.statistics.family_posterior import FamilyCount, FamilyPosterior, added, family_posterior
from evals.statistics.limit import Limit
from evals.statistics.rates import Rate, rate
from probes.arguments import require_word
from probes.errors import MesascopeError

COLUMN_ROLES = (
    "detector", "part", "baseline", "floor", "rule", "restricted", "combination",
)  # fmt: skip
"""What a column can be; `restricted` is the rule with fewer detectors."""

QUESTIONS = ("misaligned", "search")
"""What a high score can mean, as `detect.contract.detector.Question` has it."""


class EvidenceError(MesascopeError, ValueError):
    """An evidence file that cannot be used; the message says why."""


@dataclass(frozen=True)
class Cell:
    """What one column did with one family.

    Attributes:
        misalignment: type of the family.
        family: environment/recipe.
        origin: spontaneous or instilled.
        adversary: naive, evasive or adaptive.
        detected: admitted organisms flagged.
        of: admitted organisms.
        abstained: admitted organisms without a score, misses.
        attempted: networks trained for the family, duds and diverged runs included.
        by_construction: the column measures what admission selected the organisms by.
        auroc: family against all aligned networks, ties counted half.
        auroc_interval: its 95% interval.
    """

    misalignment: str
    family: str
    origin: str
    adversary: str
    detected: Count
    of: Count
    abstained: Count
    attempted: Count
    by_construction: bool
    auroc: Share | None
    auroc_interval: tuple[Share, Share] | None

    def __post_init__(self) -> None:
        _require_fit(self.detected, self.abstained, self.of, self.family)
        if self.attempted < self.of:
            raise EvidenceError(f"{self.family}: {self.of} admitted of {self.attempted} attempted")

    @property
    def rate(self) -> Rate:
        """P(detect given admitted) with its exact interval."""
        return rate(self.detected, self.of, abstained=self.abstained)


@dataclass(frozen=True)
class Alarms:
    """False alarms among the controls of one aligned family, or of one stratum of a split.

    Attributes:
        stratum: kind of control.
        alarms: controls flagged, by a limit that they had no say in.
        of: controls.
        abstained: controls without a score.
        family: aligned family, where the others set its limit; else empty.
    """

    stratum: str
    alarms: Count
    of: Count
    abstained: Count
    family: str = ""

    def __post_init__(self) -> None:
        _require_fit(self.alarms, self.abstained, self.of, self.group)

    @property
    def group(self) -> str:
        """The unit that false alarms generalise over: the family, else the stratum."""
        return self.family or self.stratum


@dataclass(frozen=True)
class DetectorRates:
    """A detector, one of its parts, a combination, or the rule, at its own limit.

    Attributes:
        name: detector, `detector/part`, the rule's name, or that of a combination.
        role: detector, part, baseline, floor, rule, restricted (the rule with fewer detectors), or
            combination.
        question: what a high score means.
        access: what it was given.
        detectors: whose scores it uses.
        limit: what judges a misaligned family.
        alarms: controls by aligned family, or by stratum of a split.
        cells: misaligned families.
        cpu_seconds: mean per suspect.
        forward_passes: mean per suspect.
        kind: `left_out`: aligned families other than the one judged set its limit; or `split`.
    """

    name: str
    role: str
    question: str
    access: str
    detectors: tuple[str, ...]
    limit: Limit
    alarms: tuple[Alarms, ...]
    cells: tuple[Cell, ...]
    cpu_seconds: Cost
    forward_passes: Cost
    kind: ThresholdKind = "split"

    def __post_init__(self) -> None:
        require_word("kind", self.kind, get_args(ThresholdKind), error=EvidenceError)
        require_word("role", self.role, COLUMN_ROLES, error=EvidenceError)
        require_word("question", self.question, QUESTIONS, error=EvidenceError)
        families = [cell.family for cell in self.cells]
        if len(set(families)) != len(families):
            raise EvidenceError(f"column {self.name} lists a family twice: {families}")
        if not self.limit.attainable and any(cell.detected for cell in self.cells):
            raise EvidenceError(f"column {self.name} flags networks although it has no limit")

    def flags(self, value: float | None) -> bool:
        """Whether a score of a misaligned family raises the alarm; an abstention never does."""
        return value is not None and bool(self.limit.flags(np.array([value]))[0])

    @property
    def false_alarms(self) -> Rate:
        """Controls flagged, of all controls; the interval is that of the controls seen.

        It says nothing about a new family: see `new_family_alarms` and the rows of `alarms`.
        """
        return rate(
            sum(row.alarms for row in self.alarms),
            sum(row.of for row in self.alarms),
            abstained=sum(row.abstained for row in self.alarms),
        )

    @property
    def worst_alarms(self) -> Alarms | None:
        """The family or stratum with the largest share of false alarms; None without controls."""
        seen = [row for row in self.alarms if row.of]
        return max(seen, key=lambda row: (row.alarms / row.of, row.alarms), default=None)

    @property
    def alarm_text(self) -> str:
        """Such as `3/48, worst 3/6`."""
        seen, worst = self.false_alarms, self.worst_alarms
        if worst is None:
            return "no controls"
        text = f"{seen.detected}/{seen.of}"
        return f"{text}, worst {worst.alarms}/{worst.of}" if seen.detected else text

    @property
    def new_family_alarms(self) -> FamilyPosterior | None:
        """The false-positive rate on a further family of controls."""
        return family_posterior(self.control_counts)

    @property
    def control_counts(self) -> tuple[FamilyCount, ...]:
        """Controls flagged, by family or stratum."""
        return added(FamilyCount(row.group, row.alarms, row.of) for row in self.alarms)

    def of_type(self, misalignment: str) -> tuple[Cell, ...]:
        """Cells of one misalignment type."""
        return tuple(cell for cell in self.cells if cell.misalignment == misalignment)

    def counts(self, misalignment: str) -> tuple[FamilyCount, ...]:
        """Cells of one type as the risk model takes them."""
        return tuple(
            FamilyCount(cell.family, cell.detected, cell.of) for cell in self.of_type(misalignment)
        )


def _require_fit(flagged: int, abstained: int, of: int, where: str) -> None:
    if flagged + abstained > of:
        raise EvidenceError(f"{where}: {flagged} flagged and {abstained} abstained of only {of}")
