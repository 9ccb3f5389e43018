"""The risk report that follows from measured rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from evals.family_posterior import FamilyPosterior, family_posterior
from evals.merged import Merged
from evals.notes import as_it_is, caveats, crossing, flags, signs
from evals.question import Question
from evals.risk.beliefs import Beliefs, WhatIf, scenario, scenarios
from evals.risk.change import changes, contributions
from evals.risk.coherence import consistency
from evals.risk.decomposition import overlap_bounds
from evals.risk.figures import MISALIGNMENT_TYPES, Figures
from evals.risk.information import (
    Candidate,
    Costs,
    expected_risk,
    information_table,
    next_measurements,
    order,
)
from evals.risk.inputs import Cube, Inputs, draw_inputs, remeasured, sample_cube
from evals.risk.predictive_value import PredictiveRow, mixed_detection, predictive_rows
from evals.risk.sobol import risk_indices
from evals.risk.summary import Summary, summarise
from evals.risk.transport import blend, crossing_weight
from evals.risk.update import RiskUpdate, measured_rate, risk_rows, update
from evals.risk_report import AccessRow, Reading, RiskReport

RISK_SEED = 20_260
"""Seed of the Monte Carlo draws: the same evidence gives the same risk."""

SUBSAMPLE = 20_000
"""Draws of what needs fewer; its Monte Carlo error is about 1%."""

Detection = Mapping[str, FamilyPosterior | None]


@dataclass(frozen=True, eq=False)
class _Drawn:
    """One scenario under one set of beliefs."""

    rule: str
    beliefs: Beliefs
    inputs: Inputs


def analyse(merged: Merged, figures: Figures, question: Question) -> RiskReport:
    """The decomposition before and after, what it rests on and what would change it.

    Args:
        merged: the evidence.
        figures: the judged figures.
        question: what is asked.

    Raises:
        ValueError: on an unknown horizon, or a weight or decision level outside [0, 1].
    """
    one, weight = scenario(figures, question.horizon), question.weight
    rule, *others = merged.rules
    beliefs = _beliefs(merged, figures, question.what_if)
    cube = sample_cube(_generator(0), question.draws)
    drawn = draw_inputs(cube, beliefs, scenarios(figures).values())
    whole = _Drawn(rule, beliefs, drawn[one.name])
    plain = whole.inputs
    if question.what_if:
        plain = draw_inputs(cube, replace(beliefs, what_if=WhatIf()), [one])[one.name]
    weights = [0.0, weight, 1.0]
    upper = _detection(merged, rule, with_left_out=True)
    apart = _read(whole, cube, given=False)
    updated = update(
        drawn,
        beliefs,
        weights=weights,
        judged=plain,
        independent=apart,
        upper={name: upper[name] for name in caveats(merged)},
        caveats=caveats(merged),
    )
    bound = [_read(whole, cube, detection=upper, given=given) for given in (True, False)]
    upper_changes = changes(drawn, bound[0], bound[1], beliefs.link)
    rows = tuple(row for row in updated.rows if row.scenario == one.name)
    ends, asked = (rows[0].residual.mean, rows[-1].residual.mean), question.decision_level
    expected = updated.row(one.name, weight).residual.mean
    star = expected if asked is None else asked
    met = None if asked is None else crossing_weight(*ends, asked)
    allowed = [whole, *(_restricted(merged, name, whole, cube) for name in others)]
    return RiskReport(
        sources=tuple(f"suite {run.suite} ({run.suite_hash[:8]})" for run in merged.runs),
        alpha=merged.alpha,
        rule=rule,
        supposed=question.what_if.text,
        scenario=one.name,
        weight=weight,
        transport=question.transport,
        update=updated,
        upper_changes=upper_changes,
        unsupposed=(risk_rows(one.name, plain, beliefs.link, weights) if question.what_if else ()),
        readings=(
            Reading("correction given detection, void and constructed cells left out", rows),
            _reading("correction independent of detection", one.name, apart, beliefs, weights),
            *(
                _reading(
                    f"void and constructed cells counted, correction {how}",
                    one.name,
                    drawn_so,
                    beliefs,
                    weights,
                )
                for how, drawn_so in zip(
                    ("given detection", "independent of it"), bound, strict=True
                )
            ),
        ),
        decision_level=star,
        crossing=met,
        contributions=contributions(whole.inputs, beliefs.link, weight=weight),
        access=tuple(_access(merged, each, one.name, weights) for each in allowed),
        predictive=_predictive(merged, rule, whole.inputs.take(slice(SUBSAMPLE))),
        overlap=_overlap(whole.inputs.take(slice(SUBSAMPLE)), beliefs, weight),
        consistency=consistency(figures, generator=_generator(2), draws=SUBSAMPLE),
        sobol=risk_indices(beliefs, one, weight=weight, generator=_generator(5)),
        information=information_table(
            whole.inputs, beliefs, weight=weight, decision_level=star, generator=_generator(6)
        ),
        candidates=_candidates(merged, allowed, weight=weight, margin=star - expected),
        flags=(
            *flags(merged, question),
            as_it_is(updated, one.name, weight),
            signs(updated.changes, "void cells and cells by construction left out"),
            *(
                [signs(upper_changes, "void cells and cells by construction counted")]
                if caveats(merged)
                else []
            ),
            *crossing(asked, ends, met),
        ),
    )


def risk_update(merged: Merged, figures: Figures, question: Question) -> RiskUpdate:
    """The decomposition before and after alone: the rows of the report on the same question."""
    beliefs = _beliefs(merged, figures, question.what_if)
    cube = sample_cube(_generator(0), question.draws)
    drawn = draw_inputs(cube, beliefs, scenarios(figures).values())
    return update(drawn, beliefs, weights=[0.0, question.weight, 1.0], caveats=caveats(merged))


def _detection(merged: Merged, rule: str, *, with_left_out: bool = False) -> Detection:
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


def _read(whole: _Drawn, cube: Cube, *, given: bool, detection: Detection | None = None) -> Inputs:
    """The draws under another reading of correction or of the cells."""
    beliefs = replace(whole.beliefs, given=given)
    if detection is not None:
        beliefs = replace(beliefs, detection=detection)
    return remeasured(whole.inputs, cube, beliefs)


def _reading(
    name: str, scenario: str, inputs: Inputs, beliefs: Beliefs, weights: list[float]
) -> Reading:
    return Reading(name, risk_rows(scenario, inputs, beliefs.link, weights))


def _restricted(merged: Merged, rule: str, whole: _Drawn, cube: Cube) -> _Drawn:
    """The rule with the detectors that a lower access allows; all else is common."""
    beliefs = replace(whole.beliefs, detection=_detection(merged, rule))
    return _Drawn(rule, beliefs, remeasured(whole.inputs, cube, beliefs))


def _access(merged: Merged, one: _Drawn, scenario: str, weights: list[float]) -> AccessRow:
    return AccessRow(
        rule=one.rule,
        access=merged.columns(one.rule)[0].access,
        detection={n: measured_rate(p) for n, p in one.beliefs.detection.items()},
        rows=risk_rows(scenario, one.inputs, one.beliefs.link, weights),
        false_alarms=merged.false_alarms(one.rule),
        cpu_seconds=merged.scoring_cpu_seconds(one.rule),
    )


def _predictive(merged: Merged, rule: str, inputs: Inputs) -> tuple[PredictiveRow, ...]:
    """For a new family of organisms and a new family of controls; nothing without controls."""
    controls = family_posterior(merged.control_counts(rule))
    if controls is None:
        return ()
    alarms = controls.draws(_generator(8), len(inputs.transport))
    return predictive_rows(mixed_detection(inputs), alarms)


def _overlap(inputs: Inputs, beliefs: Beliefs, weight: float) -> tuple[Summary, Summary]:
    at = [overlap_bounds(inputs, beliefs.link, weight=w) for w in (0.0, weight, 1.0)]
    every, any_one = (
        summarise(pooled, means=blend(judged, measured, weight))
        for judged, pooled, measured in zip(*at, strict=True)
    )
    return every, any_one


def _candidates(
    merged: Merged, rules: list[_Drawn], *, weight: float, margin: float
) -> tuple[Candidate, ...]:
    """Further measurements at every access level, best first; none where no cost is known.

    `margin` is the decision level less the expected risk: so put, the level keeps its place
    although measurements are valued without the Monte Carlo noise of the drawn risk.
    """
    spent = merged.organism_cpu_seconds()
    if not spent:
        return ()
    level = expected_risk(rules[0].inputs, rules[0].beliefs, weight=weight) + margin
    found = [
        candidate
        for one in rules
        for candidate in next_measurements(
            one.inputs,
            one.beliefs,
            weight=weight,
            decision_level=level,
            costs=Costs(spent, merged.scoring_cpu_seconds(one.rule)),
            access=merged.columns(one.rule)[0].access,
        )
    ]
    return tuple(sorted(found, key=order))


def _generator(stream: int) -> np.random.Generator:
    """Independent streams, so that one analysis does not move another."""
    return np.random.default_rng([RISK_SEED, stream])
