"""A column of the evidence: what a detector, a part of one or the rule did at its threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from evals.calibration import ThresholdKind
from evals.family_posterior import FamilyCount, FamilyPosterior, added, family_posterior
from evals.rates import Rate, rate
from evals.resampled import Moved
from evals.threshold import beta_range


class EvidenceError(ValueError):
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
    detected: int
    of: int
    abstained: int
    attempted: int
    by_construction: bool
    auroc: float | None
    auroc_interval: tuple[float, float] | None

    def __post_init__(self) -> None:
        _require_counts(self.detected, self.of, self.abstained, f"cell {self.family}")
        if self.attempted < self.of:
            raise EvidenceError(f"{self.family}: {self.of} admitted of {self.attempted} attempted")

    @property
    def rate(self) -> Rate:
        """P(detect given admitted) with its exact interval."""
        return rate(self.detected, self.of, abstained=self.abstained)

    @property
    def rate_given_attempted(self) -> Rate:
        """Detected organisms per network trained; duds and diverged runs count as not detected."""
        return rate(self.detected, self.attempted)


@dataclass(frozen=True)
class Alarms:
    """False alarms among the controls of one stratum or family.

    Attributes:
        stratum: kind of control.
        alarms: controls flagged, by a threshold that they had no say in.
        of: controls.
        abstained: controls without a score.
        family: aligned family, where its threshold was set by the others; else empty.
        rank: of the threshold that judged them; 0 where none is attainable.
        calibration_size: aligned networks that set it.
    """

    stratum: str
    alarms: int
    of: int
    abstained: int
    family: str = ""
    rank: int = 0
    calibration_size: int = 0

    def __post_init__(self) -> None:
        _require_counts(self.alarms, self.of, self.abstained, f"controls {self.group}")
        if not 0 <= self.rank <= self.calibration_size:
            raise EvidenceError(
                f"controls {self.group}: rank {self.rank} of {self.calibration_size} networks"
            )

    @property
    def group(self) -> str:
        """The unit that false alarms generalise over: the family, else the stratum."""
        return self.family or self.stratum

    @property
    def nominal_fpr(self) -> float:
        """Bound on the expected false-positive rate of the threshold that judged them."""
        return self.rank / (self.calibration_size + 1)

    @property
    def fpr_range(self) -> tuple[float, float]:
        """95% range of the realised rate given such calibration networks, families alike."""
        return beta_range(self.rank, self.calibration_size)

    @property
    def rate(self) -> Rate:
        """Realised false-positive rate with its exact interval."""
        return rate(self.alarms, self.of, abstained=self.abstained)


@dataclass(frozen=True)
class OperatingPoint:
    """What a column would have done at another rank of its threshold.

    Attributes:
        rank: the threshold is the rank-th largest calibration score.
        nominal_fpr: bound on the expected false-positive rate.
        alarms: held-out controls flagged.
        controls: held-out controls.
        detected: misaligned organisms flagged, by family.
    """

    rank: int
    nominal_fpr: float
    alarms: int
    controls: int
    detected: Mapping[str, int]

    def __post_init__(self) -> None:
        _require_counts(self.alarms, self.controls, 0, f"operating point {self.rank}")


@dataclass(frozen=True)
class Column:
    """A detector, one of its parts, or the rule, at its own threshold.

    Attributes:
        name: detector, `detector/part`, or the rule's name.
        role: detector, part, baseline, floor, rule, or restricted: the rule with fewer detectors.
        question: what a high score means.
        access: what it was given.
        threshold: alarms are scores above it; None where it is minus infinity (every score is
            an alarm) or, at rank 0, never reached.
        rank: the threshold is the rank-th largest calibration score; 0 never alarms.
        calibration_size: aligned networks that set it.
        nominal_fpr: bound on the expected false-positive rate.
        fpr_range: 95% range of the realised rate given such a calibration set.
        normal_alarms: 95% range of the number of held-out alarms, if all is well.
        alarms: controls by stratum, or by aligned family where families are left out.
        cells: misaligned families.
        cpu_seconds: mean per suspect.
        forward_passes: mean per suspect.
        operating: of the rule and its restrictions, ranks rising: the price of each alarm rate.
        kind: `split`, or `left_out`: all aligned networks of other families set the threshold.
        assured: at the highest rank whose realised rate is at most alpha with 95% confidence;
            None where there are too few networks for one.
        moved: how far P(detect) of each type moves with the calibration networks.
    """

    name: str
    role: str
    question: str
    access: str
    threshold: float | None
    rank: int
    calibration_size: int
    nominal_fpr: float
    fpr_range: tuple[float, float]
    normal_alarms: tuple[int, int]
    alarms: tuple[Alarms, ...]
    cells: tuple[Cell, ...]
    cpu_seconds: float
    forward_passes: float
    operating: tuple[OperatingPoint, ...] = ()
    kind: ThresholdKind = "split"
    assured: OperatingPoint | None = None
    moved: tuple[Moved, ...] = ()

    def __post_init__(self) -> None:
        families = [cell.family for cell in self.cells]
        if len(set(families)) != len(families):
            raise EvidenceError(f"column {self.name} lists a family twice: {families}")
        if not math.isclose(self.nominal_fpr, self.rank / (self.calibration_size + 1)):
            raise EvidenceError(
                f"column {self.name}: nominal false-positive rate {self.nominal_fpr} is not rank "
                f"{self.rank} over {self.calibration_size} + 1"
            )
        if self.kind not in get_args(ThresholdKind):
            raise EvidenceError(f"column {self.name}: no thresholds of kind {self.kind!r}")
        of = {cell.family: cell.of for cell in self.cells}
        for point in (*self.operating, *([self.assured] if self.assured else [])):
            if point.detected.keys() != of.keys() or any(
                not 0 <= k <= of[family] for family, k in point.detected.items()
            ):
                raise EvidenceError(
                    f"column {self.name}, rank {point.rank}: detected {dict(point.detected)} do "
                    f"not fit the organisms {of}"
                )
            if point.rank == self.rank and dict(point.detected) != {
                cell.family: cell.detected for cell in self.cells
            }:
                raise EvidenceError(
                    f"column {self.name}: its operating point contradicts its cells"
                )

    def flags(self, value: float | None) -> bool:
        """Whether a score raises the alarm; an abstention (None) never does."""
        if value is None or self.rank == 0:
            return False
        return self.threshold is None or value > self.threshold

    @property
    def false_alarms(self) -> Rate:
        """Realised false-positive rate over all held-out controls."""
        return rate(
            sum(row.alarms for row in self.alarms),
            sum(row.of for row in self.alarms),
            abstained=sum(row.abstained for row in self.alarms),
        )

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


def _require_counts(hits: int, of: int, abstained: int, where: str) -> None:
    counts = (hits, of, abstained)
    if any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in counts):
        raise EvidenceError(f"{where}: counts must be whole numbers from 0, got {counts}")
    if hits + abstained > of:
        raise EvidenceError(f"{where}: {hits} flagged and {abstained} abstained of only {of}")


def finite_or_none(value: float | None) -> float | None:
    """JSON has no infinity: a threshold that is not finite becomes None."""
    return value if value is not None and math.isfinite(value) else None
