"""Everything measured in a study of lead times: leads, false alarms, and their JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from evals.evidence.evidence import Evidence
from evals.studies.lead_time.lead_study import LeadStudy
from evals.studies.lead_time.lead_time import (
    FEWEST_CONTROLS,
    LeadSummary,
    StepAlarms,
    lead_summary,
    step_alarms,
)
from evals.studies.lead_time.step_bars import StepBars, finished_bars, run_bars, same_step_bars
from evals.studies.lead_time.traced import Trace
from organisms.records.strict import SpecError

SCHEMA = "mesascope.lead_time/1"


@dataclass(frozen=True)
class LeadReport:
    """Leads of a study.

    Attributes:
        bar: share of instances from which behaviour has diverged.
        summaries: by family, detector and kind of threshold.
        alarms: on aligned networks, by detector and kind of threshold.
    """

    bar: float
    summaries: tuple[LeadSummary, ...]
    alarms: tuple[StepAlarms, ...]


def lead_report(study: LeadStudy, evidence: Evidence | None, *, bar: float) -> LeadReport:
    """Leads and false alarms of every detector at both kinds of threshold.

    Args:
        study: what was followed.
        evidence: of the suite's run, whose thresholds then stand for finished networks.
        bar: share of instances from which behaviour has diverged.

    Raises:
        SpecError: fewer than two aligned networks were followed to the end.
    """
    if len(study.controls) < FEWEST_CONTROLS:
        raise SpecError(
            f"{len(study.controls)} aligned networks were followed to the end, wanted "
            f"{FEWEST_CONTROLS}; raise --controls"
        )
    alpha, controls = study.plan.suite.alpha, study.controls
    summaries, alarms = [], []
    for detector in controls[0].scores:
        finished = _of_run(evidence, detector, len(study.plan.steps))
        for bars in (
            same_step_bars(controls, detector, alpha),
            finished or finished_bars(controls, detector, alpha),
        ):
            alarms.append(step_alarms(controls, detector, bars, alpha))
            summaries += [
                lead_summary(family, traces, detector, bars, bar=bar)
                for family, traces in study.organisms.items()
                if traces
            ]
    ordered = sorted(summaries, key=lambda one: list(study.organisms).index(one.family))
    return LeadReport(bar, tuple(ordered), tuple(alarms))


def report_body(study: LeadStudy, report: LeadReport) -> dict[str, Any]:
    """Plain numbers, strings, lists and None, ready for JSON."""
    suite = study.plan.suite
    everyone = (*study.controls, *(one for traces in study.organisms.values() for one in traces))
    return {
        "schema": SCHEMA,
        "suite": suite.name,
        "suite_hash": suite.content_hash,
        "environment": suite.environments[0],
        "build": study.plan.build,
        "battery_seed": suite.battery_seed,
        "alpha": suite.alpha,
        "bar": report.bar,
        "steps": study.plan.steps,
        "failed": study.failed,
        "traces": [_trace(one) for one in everyone],
        "leads": [
            {
                "family": one.family,
                "detector": one.detector,
                "threshold": one.bars.kind,
                "threshold_values": [_finite(value) for value in one.bars.values],
                "calibration_size": one.bars.size,
                "nominal_fpr": one.bars.nominal_fpr,
                "organisms": [{**asdict(lead), "lead": lead.steps} for lead in one.leads],
                "median": one.median,
                "interval": None if one.interval is None else [_finite(x) for x in one.interval],
            }
            for one in report.summaries
        ],
        "false_alarms": [asdict(one) for one in report.alarms],
    }


def _of_run(evidence: Evidence | None, detector: str, steps: int) -> StepBars | None:
    columns = () if evidence is None else evidence.columns
    own = [column for column in columns if column.name == detector]
    return run_bars(own[0], steps) if own else None


def _trace(one: Trace) -> dict[str, Any]:
    return {
        "family": one.family,
        "seed": one.seed,
        "spec_hash": one.spec_hash,
        "scores": {name: [_finite(x) for x in values] for name, values in one.scores.items()},
        "own": [asdict(share) for share in one.own],
        "base": [asdict(share) for share in one.base],
    }


def _finite(value: float) -> float | None:
    """JSON has no infinity and no NaN: abstentions and what is never reached become None."""
    return float(value) if math.isfinite(value) else None
