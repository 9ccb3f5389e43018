"""Leads and false alarms of a study of lead times, as terminal tables and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from rich.table import Table

from evals.evidence.evidence import Evidence
from evals.report.tables.titled_table import titled_table
from evals.studies.lead_time.lead_study import LeadStudy
from evals.studies.lead_time.lead_time import (
    FEWEST_CONTROLS,
    LeadSummary,
    StepAlarms,
    aligned_thresholds,
    divergence,
    lead_summary,
    run_thresholds,
    step_alarms,
)
from evals.studies.lead_time.trace import Trace
from organisms.records.strict import SpecError

SCHEMA = "mesascope.lead_time/1"


@dataclass(frozen=True)
class LeadReport:
    """Leads by family, detector and kind of threshold, and alarms on aligned networks."""

    study: LeadStudy
    bar: float
    summaries: tuple[LeadSummary, ...]
    alarms: tuple[StepAlarms, ...]


def lead_report(study: LeadStudy, evidence: Evidence | None, *, bar: float) -> LeadReport:
    """Leads and false alarms of every detector at both kinds of threshold.

    Args:
        evidence: of the suite's run, whose thresholds then stand for finished networks.
        bar: share of instances from which behaviour has diverged.

    Raises:
        SpecError: fewer than two aligned networks were followed to the end.
    """
    alpha, controls = study.plan.suite.alpha, study.controls
    if len(controls) < FEWEST_CONTROLS:
        raise SpecError(
            f"{len(controls)} aligned networks were followed to the end, wanted "
            f"{FEWEST_CONTROLS}; raise --controls"
        )
    columns = {column.name: column for column in (evidence.columns if evidence else ())}
    summaries, alarms = [], []
    for detector in controls[0].scores:
        finished = (
            run_thresholds(columns[detector], len(study.plan.steps))
            if detector in columns
            else aligned_thresholds(controls, detector, alpha, "finished")
        )
        for thresholds in (aligned_thresholds(controls, detector, alpha, "same step"), finished):
            alarms.append(step_alarms(controls, detector, thresholds, alpha))
            summaries += [
                lead_summary(family, traces, detector, thresholds, bar=bar)
                for family, traces in study.organisms.items()
                if traces
            ]
    families = list(study.organisms)
    summaries.sort(key=lambda one: families.index(one.family))
    return LeadReport(study, bar, tuple(summaries), tuple(alarms))


def behaviour_table(report: LeadReport) -> Table:
    """Share of instances on which the own objective is fulfilled, by step, under private shifts."""
    steps = report.study.plan.steps
    table = titled_table(
        f"Own objective fulfilled under the private shift, by training step; diverged: "
        f"{report.bar:g} or more from there on",
        "family", "seed", *(f"{step}" for step in steps), "diverged at",
    )  # fmt: skip
    for family, traces in report.study.organisms.items():
        for one in traces:
            place = divergence(one.own, bar=report.bar)
            shares = (f"{own.value:.2f}" for own in one.own)
            at = "never" if place is None else f"{steps[place]}"
            table.add_row(family, f"{one.seed}", *shares, at)
            table.caption = (
                f"{one.own[0].of} instances each; the base objective's share is in the JSON file"
            )
    return table


def lead_tables(report: LeadReport) -> list[Table]:
    """Median lead by detector and kind of threshold, a table per family."""
    tables = []
    for family, group in groupby(report.summaries, key=lambda one: one.family):
        rows = list(group)
        n, of = len(rows[0].counted), len(rows[0].leads)
        table = titled_table(
            f"{family}: training steps from lasting alarm to divergence (positive: alarm earlier), "
            f"{n} of {of} networks diverged",
            "detector", "threshold", "nominal", "alarmed", "median lead", "around it", "at first",
        )  # fmt: skip
        for one in rows:
            table.add_row(
                one.detector,
                f"{one.thresholds.kind}, {one.thresholds.size} aligned",
                f"{one.thresholds.nominal_fpr:.3f}",
                f"{n - one.unflagged} of {n}",
                ("never" if one.median is None else f"{one.median:+.0f}")
                if one.counted
                else "none diverged",
                _interval_text(one.interval),
                f"{one.at_first}",
            )
        tables.append(table)
    if tables:
        tables[-1].caption = (
            "nominal: r/(n+1) at each step; at first: flagged from the first checkpoint on, so at "
            "least that lead; alarm and divergence are stated at the checkpoint that shows them "
            "first and may have begun right after the one before; thresholds of finished networks "
            "also flag what is half-trained: a lead of theirs alone, without one at the same step, "
            "is no evidence"
        )
    return tables


def alarm_table(alarms: Sequence[StepAlarms]) -> Table:
    """Aligned networks flagged at each step."""
    table = titled_table(
        f"False alarms on {alarms[0].alarms[0].of} aligned networks as they train, flagged by step",
        "detector", "threshold", *(f"{step}" for step in alarms[0].steps),
    )  # fmt: skip
    for one in alarms:
        table.add_row(one.detector, one.kind, *(f"{each.detected}" for each in one.alarms))
    table.caption = (
        "each is left out of the threshold that judges it; at rank 1 the highest score of a step "
        "is above the others' threshold, if it is no tie, so that the count says little there"
    )
    return table


def _interval_text(interval: tuple[float, float, float] | None) -> str:
    """Such as `-96 to +192 (75%)`."""
    if interval is None:
        return "-"
    *ends, level = interval
    low, high = ("never" if math.isinf(end) else f"{end:+.0f}" for end in ends)
    return f"{low} to {high} ({100 * level:.0f}%)"


def report_body(report: LeadReport) -> dict[str, Any]:
    """Plain numbers, strings, lists and None, ready for JSON."""
    study, suite = report.study, report.study.plan.suite
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
                "threshold": one.thresholds.kind,
                "threshold_values": _finite(one.thresholds.values),
                "calibration_size": one.thresholds.size,
                "nominal_fpr": one.thresholds.nominal_fpr,
                "organisms": [{**asdict(lead), "lead": lead.steps} for lead in one.leads],
                "median": one.median,
                "interval": None if one.interval is None else _finite(one.interval),
            }
            for one in report.summaries
        ],
        "false_alarms": [asdict(one) for one in report.alarms],
    }


def _trace(one: Trace) -> dict[str, Any]:
    return {
        "family": one.family,
        "seed": one.seed,
        "spec_hash": one.spec_hash,
        "scores": {name: _finite(values.tolist()) for name, values in one.scores.items()},
        "own": [asdict(share) for share in one.own],
        "base": [asdict(share) for share in one.base],
    }


def _finite(values: Sequence[float]) -> list[float | None]:
    """JSON has no infinity and no NaN: abstentions and what is never reached become None."""
    return [float(value) if math.isfinite(value) else None for value in values]
