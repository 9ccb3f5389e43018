"""Everything that an update of the risk has to say."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.risk.coherence import Incoherence
from evals.risk.figures import Judged
from evals.risk.information import Candidate
from evals.risk.predictive_value import PredictiveRow
from evals.risk.sobol import SobolIndex
from evals.risk.summary import Summary
from evals.risk.transport import Transport
from evals.risk.update import Change, RiskRow, TypeUpdate
from evals.statistics.rates import Rate
from probes.writing import write_whole

SCHEMA = "mesascope.risk/4"


@dataclass(frozen=True)
class AccessRow:
    """What the rule achieves with the access of some of its detectors.

    Attributes:
        detection: P(detect) on a new family by type; None where not measured.
        rows: the risk of the report's scenario, weights rising.
        false_alarms: held-out controls flagged.
        cpu_seconds: of its detectors per suspect; None where nobody measured it.
    """

    rule: str
    access: str
    detection: dict[str, Summary | None]
    rows: tuple[RiskRow, ...]
    false_alarms: Rate
    cpu_seconds: float | None


@dataclass(frozen=True)
class RiskReport:
    """The update and what surrounds it.

    Attributes:
        sources: where the counts come from, in words.
        labels: what every number that rests on them must be called, such as `reported by its
            author`; empty where a run measured them on fresh organisms.
        alpha: expected false-positive rate of `rule`, whose rates enter.
        supposed: what was supposed known, in words; empty if nothing.
        scenario, transport: horizon and weight that the details are about.
        rows: scenario by scenario at weight 0, that of `transport` and 1.
        unsupposed: the rows of `scenario` had nothing been supposed; empty if nothing was.
        readings: those of `scenario` by reading of the evidence in words, the default first.
        as_it_is: E R0 / E R as judged, the factor of every residual if the judged P(catastrophe)
            is read of the world as it is, with judged handling, and not as before handling.
        changes: by horizon and type under both readings of correction, with void cells and cells by
            construction left out and, where there are any, counted.
        decision_level: r*: one would deploy if the expected residual risk were below it.
        access: the rule, then its restrictions, most access first.
        predictive: what verdicts of the rule mean for a system of a new family, with
            `mixed_detection` and false alarms of a new family of controls; empty without any.
        overlap: the two residual fractions of `overlap_bounds`.
        sobol: by quantity: residual, fraction; absent where it does not vary.
        notes: what a reader must know of where the counts come from, in plain words.
        flags: likewise of what is supposed, and of P(emergence).
        judged: every judged figure with its source.
        works: the works that the published figures come from and cite.
    """

    sources: tuple[str, ...]
    labels: tuple[str, ...]
    alpha: float
    rule: str
    supposed: str
    scenario: str
    transport: Transport
    draws: int
    rows: tuple[RiskRow, ...]
    unsupposed: tuple[RiskRow, ...]
    readings: dict[str, tuple[RiskRow, ...]]
    as_it_is: float
    types: tuple[TypeUpdate, ...]
    changes: tuple[Change, ...]
    decision_level: float
    access: tuple[AccessRow, ...]
    predictive: tuple[PredictiveRow, ...]
    overlap: tuple[Summary, ...]
    consistency: tuple[Incoherence, ...]
    sobol: dict[str, tuple[SobolIndex, ...]]
    information: dict[str, float]
    candidates: tuple[Candidate, ...]
    notes: tuple[str, ...]
    flags: tuple[str, ...]
    judged: tuple[Judged, ...]
    works: tuple[str, ...]

    @property
    def weight(self) -> float:
        """Transport weight of the details."""
        return self.transport.weight

    def row(self, scenario: str, weight: float) -> RiskRow:
        """The row of a scenario and weight."""
        return {(row.scenario, row.weight): row for row in self.rows}[scenario, weight]


def risk_record(report: RiskReport) -> dict[str, Any]:
    """The report as its JSON file holds it."""
    return {"schema": SCHEMA, **asdict(report)}


def write_risk(report: RiskReport, path: Path) -> None:
    """Write a report as JSON; raises `UnwritableFile` as `write_whole` does."""
    write_whole(path, json.dumps(risk_record(report), indent=1, allow_nan=False))
