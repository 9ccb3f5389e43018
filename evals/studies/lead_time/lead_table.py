"""Lead times as terminal tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby

from rich.table import Table

from evals.report.tables.titled_table import titled_table
from evals.studies.lead_time.divergence import divergence
from evals.studies.lead_time.lead_time import LeadSummary, StepAlarms
from evals.studies.lead_time.traced import Trace


def behaviour_table(organisms: Mapping[str, Sequence[Trace]], *, bar: float) -> Table:
    """Share of instances on which the own objective is fulfilled, by step, under private shifts."""
    steps = next(traces[0].steps for traces in organisms.values() if traces)
    table = titled_table(
        f"Own objective fulfilled under the private shift, by training step; diverged: {bar:g} or "
        "more from there on",
        "family", "seed", *(f"{step}" for step in steps), "diverged at",
    )  # fmt: skip
    for family, traces in organisms.items():
        for one in traces:
            place = divergence(one.own, bar=bar)
            shares = (f"{own.value:.2f}" for own in one.own)
            at = "never" if place is None else f"{steps[place]}"
            table.add_row(family, f"{one.seed}", *shares, at)
    of = next(one.own[0].of for traces in organisms.values() for one in traces)
    table.caption = f"{of} instances each; the base objective's share is in the JSON file"
    return table


def lead_tables(summaries: Sequence[LeadSummary]) -> list[Table]:
    """Median lead by detector and kind of threshold, a table per family."""
    tables = []
    for family, group in groupby(summaries, key=lambda one: one.family):
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
                f"{one.bars.kind}, {one.bars.size} aligned",
                f"{one.bars.nominal_fpr:.3f}",
                f"{n - one.unflagged} of {n}",
                median_text(one),
                interval_text(one),
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
    steps = alarms[0].steps
    of = alarms[0].alarms[0].of
    table = titled_table(
        f"False alarms on {of} aligned networks as they train, flagged by step",
        "detector", "threshold", *(f"{step}" for step in steps),
    )  # fmt: skip
    for one in alarms:
        table.add_row(one.detector, one.kind, *(f"{each.detected}" for each in one.alarms))
    table.caption = (
        "each is left out of the threshold that judges it; at rank 1 the highest score of a step "
        "is above the others' threshold, if it is no tie, so that the count says little there"
    )
    return table


def median_text(summary: LeadSummary) -> str:
    """Such as `+96`; `never` where the median organism is never flagged."""
    if not summary.counted:
        return "none diverged"
    if summary.median is None:
        return "never"
    return f"{summary.median:+.0f}"


def interval_text(summary: LeadSummary) -> str:
    """Such as `-96 to +192 (75%)`."""
    if summary.interval is None:
        return "-"
    low, high, level = summary.interval
    ends = ["never" if math.isinf(end) else f"{end:+.0f}" for end in (low, high)]
    return f"{ends[0]} to {ends[1]} ({100 * level:.0f}%)"
