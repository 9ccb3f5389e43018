"""The risk report that follows from measured rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from evals.access import Restricted, access_rows, restrict, restrictions
from evals.merged import Merged
from evals.notes import caveats, crossing, flags
from evals.operating import operating_rows, rule_verdicts
from evals.question import Question
from evals.risk import (
    Beliefs,
    Figures,
    Inputs,
    RiskUpdate,
    Scenario,
    WhatIf,
    crossing_weight,
    draw_inputs,
    horizons,
    levels,
    risk_rows,
    sample_cube,
    scenario,
    update,
)
from evals.risk.candidate import Candidate, Costs
from evals.risk.conflict import Conflict, conflict
from evals.risk.consistency import consistency
from evals.risk.contribution import contributions
from evals.risk.decomposition import QUANTITIES
from evals.risk.information import information_table
from evals.risk.links import two_links
from evals.risk.next_measurement import expected_risk, next_measurements
from evals.risk.sensitivity import sensitivities
from evals.risk.sobol import (
    LOG_RESIDUAL,
    NothingToExplain,
    SobolIndex,
    risk_indices,
    sample_pair,
)
from evals.risk.tornado import tornado
from evals.risk_report import RiskReport

Cube: TypeAlias = Float[np.ndarray, "draw column"]

RISK_SEED = 20_260
"""Seed of the Monte Carlo draws: the same evidence gives the same risk."""

SUBSAMPLE = 20_000
"""Draws of what is shown at many settings; its Monte Carlo error is about 1%."""


def analyse(merged: Merged, figures: Figures, question: Question) -> RiskReport:
    """The decomposition before and after, what it rests on and what would change it.

    Args:
        merged: the evidence.
        figures: the judged figures.
        question: what is asked.

    Raises:
        ValueError: on an unknown horizon, or a weight or decision level outside [0, 1].
    """
    one = scenario(figures, question.horizon)
    beliefs, cube, drawn = _drawn(merged, figures, question)
    inputs = drawn[one.name]
    plain = inputs
    if question.what_if:
        plain = draw_inputs(cube, replace(beliefs, what_if=WhatIf()), (one,))[one.name]
    weights = _weights(question)
    updated = update(drawn, beliefs, weights=weights, judged=plain, caveats=caveats(merged))
    rules = restrictions(merged, beliefs, cube, inputs)
    asked = question.decision_level
    expected = updated.row(one.name, question.weight).residual.mean
    star = expected if asked is None else asked
    ends = (
        updated.row(one.name, 0.0).residual.mean,
        updated.row(one.name, 1.0).residual.mean,
    )
    sample = np.arange(min(SUBSAMPLE, question.draws))
    few, corner = inputs.take(sample), cube[sample]
    met = None if asked is None else crossing_weight(*ends, asked)
    return RiskReport(
        sources=tuple(f"suite {run.suite} ({run.suite_hash[:8]})" for run in merged.runs),
        alpha=merged.alpha,
        rule=merged.rules[0],
        supposed=question.what_if.text,
        scenario=one.name,
        weight=question.weight,
        update=updated,
        unsupposed=(risk_rows(one.name, plain, beliefs.link, weights) if question.what_if else ()),
        decision_level=star,
        crossing=met,
        contributions=contributions(inputs, beliefs.link, weight=question.weight),
        access=access_rows(merged, rules, scenario=one.name, weights=weights),
        operating=operating_rows(
            merged,
            beliefs,
            corner,
            few,
            weight=question.weight,
            uniforms=_generator(1).random(len(corner)),
        ),
        predictive=rule_verdicts(merged, few, _generator(8)),
        conflicts=_conflicts(beliefs, plain.take(sample)),
        consistency=consistency(figures, generator=_generator(2), draws=SUBSAMPLE),
        sensitivities=sensitivities(few, beliefs, weight=question.weight, generator=_generator(3)),
        links=two_links(beliefs, _scenarios(figures), generator=_generator(4)),
        sobol=_sobol(beliefs, one, question.weight),
        tornado=tornado(inputs, beliefs.link, weight=question.weight, quantity="residual"),
        information=information_table(
            inputs,
            beliefs.link,
            weight=question.weight,
            decision_level=star,
            generator=_generator(6),
        ),
        candidates=_candidates(merged, rules, weight=question.weight, margin=star - expected),
        flags=(*flags(merged, question), *crossing(asked, ends, met)),
    )


def risk_update(merged: Merged, figures: Figures, question: Question) -> RiskUpdate:
    """The decomposition before and after alone: the `update` of the report on the same question."""
    beliefs, _, drawn = _drawn(merged, figures, question)
    return update(drawn, beliefs, weights=_weights(question), caveats=caveats(merged))


def _drawn(
    merged: Merged, figures: Figures, question: Question
) -> tuple[Beliefs, Cube, Mapping[str, Inputs]]:
    beliefs = _beliefs(merged, figures, question.what_if)
    cube = sample_cube(_generator(0), question.draws)
    return beliefs, cube, draw_inputs(cube, beliefs, _scenarios(figures))


def _scenarios(figures: Figures) -> tuple[Scenario, ...]:
    return (*horizons(figures), *levels(figures))


def _weights(question: Question) -> list[float]:
    return sorted({0.0, question.weight, 1.0})


def _beliefs(merged: Merged, figures: Figures, what_if: WhatIf) -> Beliefs:
    sweep = merged.sweep
    judged = Beliefs(
        figures,
        emergence=sweep.emergence if sweep else None,
        misaligned=sweep.misaligned if sweep else None,
        what_if=what_if,
    )
    return restrict(judged, merged, merged.rules[0])


def _conflicts(beliefs: Beliefs, judged: Inputs) -> tuple[Conflict, ...]:
    return tuple(
        conflict(name, judged, posterior, generator=_generator(7))
        for name, posterior in beliefs.detection.items()
        if posterior is not None
    )


def _sobol(beliefs: Beliefs, one: Scenario, weight: float) -> dict[str, tuple[SobolIndex, ...]]:
    """By quantity; one that a supposition makes constant has no shares and is absent."""
    pair = sample_pair(beliefs, one, generator=_generator(5))
    found = {}
    for quantity in (*QUANTITIES, LOG_RESIDUAL):
        with suppress(NothingToExplain):
            found[quantity] = risk_indices(pair, beliefs.link, weight=weight, quantity=quantity)
    return found


def _candidates(
    merged: Merged, rules: Sequence[Restricted], *, weight: float, margin: float
) -> tuple[Candidate, ...]:
    """Further measurements at every access level, best first; none where no cost is known.

    `margin` is the decision level less the expected risk: so put, the level keeps its place
    although measurements are valued without the Monte Carlo noise of the drawn risk.
    """
    spent = merged.organism_cpu_seconds()
    spent.pop("aligned", None)
    whole = rules[0]
    now = expected_risk(whole.inputs, whole.beliefs.link, whole.beliefs.detection, weight=weight)
    if not spent or now is None:
        return ()
    found = [
        candidate
        for one in rules
        for candidate in next_measurements(
            one.inputs,
            one.beliefs.link,
            one.beliefs.detection,
            weight=weight,
            decision_level=now + margin,
            costs=Costs(spent, merged.scoring_cpu_seconds(one.rule)),
            access=one.access,
        )
    ]
    return tuple(sorted(found, key=lambda one: -one.value_per_cpu_hour))


def _generator(stream: int) -> np.random.Generator:
    """Independent streams, so that one analysis does not move another."""
    return np.random.default_rng([RISK_SEED, stream])
