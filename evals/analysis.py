"""The risk report that follows from measured rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from evals.family_posterior import FamilyPosterior, family_posterior
from evals.merged import Merged
from evals.notes import as_it_is, caveats, crossing, flags, signs
from evals.question import Question
from evals.risk.beliefs import Beliefs, ScenarioError, WhatIf
from evals.risk.change import changes, contributions
from evals.risk.coherence import consistency
from evals.risk.decomposition import overlap_bounds
from evals.risk.figures import HORIZONS, MISALIGNMENT_TYPES, Figures
from evals.risk.information import Candidate, information_table, next_measurements, order
from evals.risk.inputs import Inputs, draw_inputs, remeasured, sample_cube
from evals.risk.new_family import rates_at
from evals.risk.predictive_value import PredictiveRow, mixed_detection, predictive_rows
from evals.risk.sobol import risk_indices
from evals.risk.summary import summarise
from evals.risk.transport import blend, crossing_weight
from evals.risk.update import RiskUpdate, measured_rate, risk_rows, update
from evals.risk_report import AccessRow, Reading, RiskReport

RISK_SEED = 20_260
"""Seed of the Monte Carlo draws: the same evidence gives the same risk."""

SUBSAMPLE = 20_000
"""Draws for the judged rows against each other; their Monte Carlo error is about 1%."""


def analyse(merged: Merged, figures: Figures, question: Question) -> RiskReport:
    """The decomposition before and after, what it rests on and what would change it.

    Args:
        merged: the evidence.
        figures: the judged figures.
        question: what is asked.

    Raises:
        ScenarioError: on an unknown horizon.
    """
    horizon, weight = question.horizon, question.transport.weight
    if horizon not in HORIZONS:
        raise ScenarioError(f"unknown scenario {horizon!r}, wanted one of {', '.join(HORIZONS)}")
    weights, rule = (0.0, weight, 1.0), merged.rules[0]
    beliefs = _beliefs(merged, figures, question.what_if)
    cube = sample_cube(_generator(0), question.draws)
    drawn = draw_inputs(cube, beliefs)
    inputs = plain = drawn[horizon]
    if question.what_if:
        plain = draw_inputs(cube, replace(beliefs, what_if=WhatIf()), [horizon])[horizon]
    upper, marks = _detection(merged, rule, with_left_out=True), caveats(merged)
    apart, counted, shipped = (
        remeasured(inputs, cube, replace(beliefs, detection=detection, given=given))
        for detection, given in ((beliefs.detection, False), (upper, True), (upper, False))
    )
    updated = update(
        drawn,
        beliefs,
        weights=weights,
        judged=plain,
        independent=apart,
        upper={name: upper[name] for name in marks},
        caveats=marks,
    )
    upper_changes = changes(drawn, counted, shipped)
    readings = (
        ("correction given detection, void and constructed cells left out", inputs),
        ("correction independent of detection", apart),
        ("void and constructed cells counted, correction given detection", counted),
        ("void and constructed cells counted, correction independent of it", shipped),
    )
    expected, asked = updated.row(horizon, weight).residual.mean, question.decision_level
    star = expected if asked is None else asked
    ends = tuple(updated.row(horizon, end).residual.mean for end in (0.0, 1.0))
    met = None if asked is None else crossing_weight(ends[0], ends[1], asked)
    access: list[AccessRow] = []
    candidates: list[Candidate] = []
    spent = merged.organism_cpu_seconds()
    for name in merged.rules:  # the detectors that an access allows; all else is common
        so = replace(beliefs, detection=_detection(merged, name))
        lesser = remeasured(inputs, cube, so)
        row = AccessRow(
            rule=name,
            access=merged.columns(name)[0].access,
            detection={kind: measured_rate(seen) for kind, seen in so.detection.items()},
            rows=risk_rows(horizon, lesser, weights),
            false_alarms=merged.false_alarms(name),
            cpu_seconds=merged.scoring_cpu_seconds(name),
        )
        access.append(row)
        if spent:
            candidates += next_measurements(
                lesser,
                so,
                risk={one.weight: one.residual.mean for one in row.rows}[weight],
                weight=weight,
                decision_level=star,
                cpu_seconds={kind: cost + row.cpu_seconds for kind, cost in spent.items()},
                access=row.access,
            )
    overlaps = [overlap_bounds(inputs, weight=w) for w in weights]
    every, any_one = (
        summarise(pooled, means=blend(judged, measured, weight))
        for judged, pooled, measured in zip(*overlaps, strict=True)
    )
    return RiskReport(
        sources=tuple(f"suite {run.suite} ({run.suite_hash[:8]})" for run in merged.runs),
        alpha=merged.alpha,
        rule=rule,
        supposed=question.what_if.text,
        scenario=horizon,
        weight=weight,
        transport=question.transport,
        update=updated,
        upper_changes=upper_changes,
        unsupposed=risk_rows(horizon, plain, weights) if question.what_if else (),
        readings=tuple(Reading(name, risk_rows(horizon, so, weights)) for name, so in readings),
        decision_level=star,
        crossing=met,
        contributions=contributions(inputs, weight=weight),
        access=tuple(access),
        predictive=_predictive(merged, rule, inputs),
        overlap=(every, any_one),
        consistency=consistency(figures, generator=_generator(2), draws=SUBSAMPLE),
        sobol=risk_indices(beliefs, horizon, weight=weight, generator=_generator(5)),
        information=information_table(
            inputs, weight=weight, decision_level=star, generator=_generator(6)
        ),
        candidates=tuple(sorted(candidates, key=order)),
        flags=(
            *flags(merged, question),
            as_it_is(updated, horizon, weight),
            signs(updated.changes, "void cells and cells by construction left out"),
            *([signs(upper_changes, "void cells and cells by construction counted")] * bool(marks)),
            *crossing(asked, ends, met),
        ),
    )


def risk_update(merged: Merged, figures: Figures, question: Question) -> RiskUpdate:
    """The decomposition before and after alone: the rows of the report on the same question."""
    beliefs = _beliefs(merged, figures, question.what_if)
    cube = sample_cube(_generator(0), question.draws)
    drawn = draw_inputs(cube, beliefs)
    weights = (0.0, question.transport.weight, 1.0)
    return update(drawn, beliefs, weights=weights, caveats=caveats(merged))


def _detection(
    merged: Merged, rule: str, *, with_left_out: bool = False
) -> Mapping[str, FamilyPosterior | None]:
    return {
        name: family_posterior(merged.counts(rule, name, with_left_out=with_left_out))
        for name in MISALIGNMENT_TYPES
    }


def _beliefs(merged: Merged, figures: Figures, what_if: WhatIf) -> Beliefs:
    sweep = merged.sweep
    return Beliefs(
        figures,
        _detection(merged, merged.rules[0]),
        emergence=sweep.emergence if sweep else None,
        misaligned=sweep.misaligned if sweep else None,
        what_if=what_if,
    )


def _predictive(merged: Merged, rule: str, inputs: Inputs) -> tuple[PredictiveRow, ...]:
    """For a new family of organisms and a new family of controls; nothing without controls."""
    controls = family_posterior(merged.control_counts(rule))
    if controls is None:
        return ()
    alarms = rates_at(controls, _generator(8).random(len(inputs.transport)))
    return predictive_rows(mixed_detection(inputs), alarms)


def _generator(stream: int) -> np.random.Generator:
    """Independent streams, so that one analysis does not move another."""
    return np.random.default_rng([RISK_SEED, stream])
