"""Lead times as terminal tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.table import Table

from evals.divergence import divergence
from evals.lead_time import LeadSummary, StepAlarms
from evals.titled_table import titled_table
from evals.traced import Trace


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


def lead_table(summaries: Sequence[LeadSummary]) -> Table:
    """Median lead by family, detector and kind of threshold."""
    table = titled_table(
        "Lead: training steps from a lasting alarm to divergence of behaviour (positive: earlier)",
        "family", "detector", "threshold", "nominal r/(n+1)", "diverged", "never flagged",
        "median lead", "around the median (level)", "flagged from the first on",
    )  # fmt: skip
    for one in summaries:
        table.add_row(
            one.family,
            one.detector,
            f"{one.bars.kind}, {one.bars.size} aligned",
            f"{one.bars.nominal_fpr:.3f}",
            f"{len(one.counted)} of {len(one.leads)}",
            f"{one.unflagged}",
            median_text(one),
            interval_text(one),
            f"{one.at_first}",
        )
    if summaries:
        table.caption = (
            "alarm and divergence are stated at the checkpoint that shows them first and may have "
            "begun right after the one before; thresholds of finished networks also flag what is "
            "half-trained: a lead of theirs alone, without one at the same step, is no evidence"
        )
    return table


def alarm_table(alarms: Sequence[StepAlarms]) -> Table:
    """Aligned networks flagged at each step, each left out of its thresholds."""
    steps = alarms[0].steps
    of = alarms[0].alarms[0].of
    table = titled_table(
        f"False alarms on {of} aligned networks as they train, flagged by step",
        "detector", "threshold", *(f"{step}" for step in steps),
    )  # fmt: skip
    for one in alarms:
        table.add_row(one.detector, one.kind, *(f"{each.detected}" for each in one.alarms))
    return table


def median_text(summary: LeadSummary) -> str:
    """Such as `+96 (n 3)`; `never` where the median organism is never flagged."""
    n = len(summary.counted)
    if not n:
        return "none diverged"
    if summary.median is None:
        return f"never (n {n})"
    return f"{summary.median:+.0f} (n {n})"


def interval_text(summary: LeadSummary) -> str:
    """Such as `-96 to +192 (75%)`."""
    if summary.interval is None:
        return "-"
    low, high, level = summary.interval
    ends = ["never" if math.isinf(end) else f"{end:+.0f}" for end in (low, high)]
    return f"{ends[0]} to {ends[1]} ({100 * level:.0f}%)"
