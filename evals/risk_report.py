"""Everything that an update of the risk has to say."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.rates import Rate
from evals.risk.candidate import Candidate
from evals.risk.conflict import Conflict
from evals.risk.contribution import Contribution
from evals.risk.incoherence import Incoherence
from evals.risk.information import InformationTable
from evals.risk.links import LinkComparison
from evals.risk.predictive_value import PredictiveRow
from evals.risk.sensitivity import Sensitivity
from evals.risk.sobol import SobolIndex
from evals.risk.summary import Summary
from evals.risk.tornado import TornadoBar
from evals.risk.update import MeasuredDetection, RiskRow, RiskUpdate

SCHEMA = "mesascope.risk/1"


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
class OperatingRow:
    """What another false-positive rate would buy, with the rule and the organisms as they are.

    Attributes:
        nominal_fpr: bound on the expected false-positive rate.
        false_alarms: held-out controls flagged.
        detected: flagged and of, by type, over the families seen.
        fraction: residual fraction at the report's weight.
        predictive: what verdicts mean at each base rate, for detection of a new family and the
            false alarms of such a threshold on controls like those that set it.
    """

    nominal_fpr: float
    false_alarms: Rate
    detected: dict[str, tuple[int, int]]
    fraction: Summary
    predictive: tuple[PredictiveRow, ...]


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
        update: horizons, then capability levels, each at every weight.
        unsupposed: the rows of `scenario` had nothing been supposed; empty if nothing was.
        decision_level: r*: one would deploy if the expected residual risk were below it.
        crossing: weight at which the expected residual risk meets `decision_level`; None if none.
        contributions: by type.
        access: the rule, then its restrictions, most access first.
        operating: false-positive rates rising.
        predictive: what verdicts of the rule mean for a system of a new family: detection at
            transport weight 1, types mixed by prevalence and unmeasured ones as judged; false
            alarms of a new family of controls. Empty without held-out controls.
        conflicts: of the measured types.
        consistency: the judged rows against each other.
        sensitivities: residual fraction under other modelling choices.
        links: unmitigated risk under both severity links.
        sobol: by quantity: residual, log_residual, fraction; absent where it does not vary.
        tornado: of the residual risk.
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
    update: RiskUpdate
    unsupposed: tuple[RiskRow, ...]
    decision_level: float
    crossing: float | None
    contributions: tuple[Contribution, ...]
    access: tuple[AccessRow, ...]
    operating: tuple[OperatingRow, ...]
    predictive: tuple[PredictiveRow, ...]
    conflicts: tuple[Conflict, ...]
    consistency: tuple[Incoherence, ...]
    sensitivities: tuple[Sensitivity, ...]
    links: tuple[LinkComparison, ...]
    sobol: dict[str, tuple[SobolIndex, ...]]
    tornado: tuple[TornadoBar, ...]
    information: InformationTable
    candidates: tuple[Candidate, ...]
    flags: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and None, ready for JSON."""
        return {"schema": SCHEMA, **asdict(self)}


def write_risk(report: RiskReport, path: Path) -> None:
    """Write a report as JSON."""
    path.write_text(json.dumps(report.to_dict(), indent=1, allow_nan=False))
