"""Everything that an update of the risk has to say."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.rates import Rate
from evals.risk.change import Change, Contribution
from evals.risk.coherence import Incoherence
from evals.risk.information import Candidate, InformationTable
from evals.risk.predictive_value import PredictiveRow
from evals.risk.sobol import SobolIndex
from evals.risk.summary import Summary
from evals.risk.transport import Transport
from evals.risk.update import MeasuredDetection, RiskRow, RiskUpdate

SCHEMA = "mesascope.risk/2"


@dataclass(frozen=True)
class AccessRow:
    """What the rule achieves with the access of some of its detectors.

    Attributes:
        rule: name of the column.
        access: what its detectors are given.
        detection: P(detect) on a new family by type; None where not measured.
        rows: the risk of the report's scenario, weights rising.
        false_alarms: held-out controls flagged.
        cpu_seconds: of its detectors per suspect.
    """

    rule: str
    access: str
    detection: dict[str, MeasuredDetection | None]
    rows: tuple[RiskRow, ...]
    false_alarms: Rate
    cpu_seconds: float


@dataclass(frozen=True)
class Reading:
    """The risk of the report's scenario under another reading of the same evidence.

    Attributes:
        name: what differs, in words; the first reading is the one used everywhere else.
        rows: weights rising.
    """

    name: str
    rows: tuple[RiskRow, ...]


@dataclass(frozen=True)
class RiskReport:
    """The update and what surrounds it.

    Attributes:
        sources: the evidence files, in words.
        alpha: expected false-positive rate of the rule.
        rule: the rule whose rates enter.
        supposed: what was supposed known, in words; empty if nothing.
        scenario: the one that the details below are about.
        weight: transport weight of the details, the middle one of `update`.
        transport: the steps that it is the product of, and what would void them.
        update: every horizon at every weight.
        upper_changes: those of `update` with void cells and cells by construction counted.
        unsupposed: the rows of `scenario` had nothing been supposed; empty if nothing was.
        readings: the default, then correction independent of detection, then void cells and cells
            by construction counted, then both.
        decision_level: r*: one would deploy if the expected residual risk were below it.
        crossing: weight at which the expected residual risk meets `decision_level`; None if none.
        contributions: by type.
        access: the rule, then its restrictions, most access first.
        predictive: what verdicts of the rule mean for a system of a new family: detection at
            transport weight 1, types mixed by prevalence and unmeasured ones as judged; false
            alarms of a new family of controls. Empty without held-out controls.
        overlap: residual fraction if types occur side by side: every one must be handled, then any
            one is enough.
        consistency: the judged rows against each other.
        sobol: by quantity: residual, fraction; absent where it does not vary.
        information: value of perfect information about each input.
        candidates: further measurements, best first.
        flags: what a reader must know, in plain words.
    """

    sources: tuple[str, ...]
    alpha: float
    rule: str
    supposed: str
    scenario: str
    weight: float
    transport: Transport
    update: RiskUpdate
    upper_changes: tuple[Change, ...]
    unsupposed: tuple[RiskRow, ...]
    readings: tuple[Reading, ...]
    decision_level: float
    crossing: float | None
    contributions: tuple[Contribution, ...]
    access: tuple[AccessRow, ...]
    predictive: tuple[PredictiveRow, ...]
    overlap: tuple[Summary, Summary]
    consistency: tuple[Incoherence, ...]
    sobol: dict[str, tuple[SobolIndex, ...]]
    information: InformationTable
    candidates: tuple[Candidate, ...]
    flags: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and None, ready for JSON."""
        return {"schema": SCHEMA, **asdict(self)}


def write_risk(report: RiskReport, path: Path) -> None:
    """Write a report as JSON."""
    path.write_text(json.dumps(report.to_dict(), indent=1, allow_nan=False))
