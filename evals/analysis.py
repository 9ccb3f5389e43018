"""The risk report that follows from measured rates."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from evals.access import access_rows, restrict
from evals.merged import Merged
from evals.operating import operating_rates, operating_rows, rule_verdicts
from evals.risk import (
    DEFAULT_WEIGHT,
    MISALIGNMENT_TYPES,
    Beliefs,
    Figures,
    Inputs,
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
from evals.risk.information import information_table
from evals.risk.inputs import remeasured
from evals.risk.links import two_links
from evals.risk.next_measurement import expected_risk, next_measurements
from evals.risk.sensitivity import sensitivities
from evals.risk.sobol import (
    QUANTITIES,
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

BY_CONSTRUCTION = "detected by what admission selected the organisms by: an upper bound, not a test"
SUBSAMPLE = 20_000
"""Draws of what is shown at many settings; its Monte Carlo error is about 1%."""


@dataclass(frozen=True)
class Question:
    """What the analyst asks of the evidence.

    Attributes:
        horizon: scenario that the details are about.
        weight: transport weight of the details; the risk is shown at 0 and 1 as well.
        what_if: inputs supposed known.
        decision_level: r*, the residual risk below which one would deploy; None takes the expected
            residual risk itself, where information is worth most.
        draws: size of the simulation.
    """

    horizon: str = "near_term"
    weight: float = DEFAULT_WEIGHT
    what_if: WhatIf = field(default_factory=WhatIf)
    decision_level: float | None = None
    draws: int = 100_000


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
    scenarios = (*horizons(figures), *levels(figures))
    beliefs = _beliefs(merged, figures, question.what_if)
    cube = sample_cube(_generator(0), question.draws)
    drawn = draw_inputs(cube, beliefs, scenarios)
    inputs = drawn[one.name]
    plain = inputs
    if question.what_if:
        plain = draw_inputs(cube, replace(beliefs, what_if=WhatIf()), (one,))[one.name]
    weights = sorted({0.0, question.weight, 1.0})
    updated = update(drawn, beliefs, weights=weights, judged=plain, caveats=_caveats(merged))
    asked = question.decision_level
    expected = updated.row(one.name, question.weight).residual.mean
    star = expected if asked is None else asked
    ends = (
        updated.row(one.name, 0.0).residual.mean,
        updated.row(one.name, 1.0).residual.mean,
    )
    sample = np.arange(min(SUBSAMPLE, question.draws))
    few = inputs.take(sample)
    corner = cube[: len(few.kappa)]
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
        crossing=None if asked is None else crossing_weight(*ends, asked),
        contributions=contributions(inputs, beliefs.link, weight=question.weight),
        access=access_rows(merged, beliefs, cube, inputs, scenario=one.name, weights=weights),
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
        links=two_links(beliefs, scenarios, generator=_generator(4)),
        sobol=_sobol(beliefs, one, question.weight),
        tornado=tornado(inputs, beliefs.link, weight=question.weight, quantity="residual"),
        information=information_table(
            inputs,
            beliefs.link,
            weight=question.weight,
            decision_level=star,
            generator=_generator(6),
        ),
        candidates=_candidates(
            merged, beliefs, cube, inputs, weight=question.weight, margin=star - expected
        ),
        flags=(*_flags(merged, question), *_crossing(question, ends)),
    )


def _beliefs(merged: Merged, figures: Figures, what_if: WhatIf) -> Beliefs:
    sweep = merged.sweep
    judged = Beliefs(
        figures,
        emergence=sweep.emergence if sweep else None,
        misaligned=sweep.misaligned if sweep else None,
        what_if=what_if,
    )
    return restrict(judged, merged, merged.rules[0])


def _caveats(merged: Merged) -> dict[str, tuple[str, ...]]:
    return {
        name: (BY_CONSTRUCTION,)
        for name in MISALIGNMENT_TYPES
        if merged.by_construction(merged.rules[0], name)
    }


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
    for quantity in QUANTITIES:
        with suppress(NothingToExplain):
            found[quantity] = risk_indices(pair, beliefs.link, weight=weight, quantity=quantity)
    return found


def _candidates(
    merged: Merged, beliefs: Beliefs, cube: Cube, inputs: Inputs, *, weight: float, margin: float
) -> tuple[Candidate, ...]:
    """Further measurements at every access level, best first; none where no cost is known.

    `margin` is the decision level less the expected risk: so put, the level keeps its place
    although measurements are valued without the Monte Carlo noise of the drawn risk.
    """
    spent = merged.organism_cpu_seconds()
    spent.pop("aligned", None)
    if not spent:
        return ()
    now = expected_risk(inputs, beliefs.link, beliefs.detection, weight=weight)
    if now is None:
        return ()
    found: list[Candidate] = []
    for rule in merged.rules:
        restricted = restrict(beliefs, merged, rule)
        found += next_measurements(
            remeasured(inputs, cube, restricted),
            beliefs.link,
            restricted.detection,
            weight=weight,
            decision_level=now + margin,
            costs=Costs(spent, merged.scoring_cpu_seconds(rule)),
            access=merged.columns(rule)[0].access,
        )
    return tuple(sorted(found, key=lambda one: -one.value_per_cpu_hour))


def _flags(merged: Merged, question: Question) -> tuple[str, ...]:
    flags = []
    if question.what_if:
        flags.append(f"What if: {question.what_if.text}, supposed and not measured.")
    sweep = merged.sweep
    if sweep is None:
        flags.append(
            "P(emergence) and P(misaligned | emergence) stay judged: no sweep of spontaneous "
            "recipes is among the evidence, and admission rates measure neither."
        )
    else:
        for name, posterior in (
            ("P(emergence)", sweep.emergence),
            ("P(misaligned | emergence)", sweep.misaligned),
        ):
            flags.append(
                f"{name} stays judged: nothing emerged in the sweep {sweep.name!r}."
                if posterior is None
                else f"{name} is pooled with the sweep {sweep.name!r} at the same weight, "
                f"{posterior.detected} of {posterior.networks} networks. A recipe is its family: "
                f"{posterior.sentence}"
            )
    if not operating_rates(merged):
        flags.append("The runs share no false-positive rate at which all could be compared.")
    return tuple(flags)


def _crossing(question: Question, ends: tuple[float, float]) -> tuple[str, ...]:
    level = question.decision_level
    if level is None:
        return ()
    weight = crossing_weight(*ends, level)
    reached = "no weight reaches it" if weight is None else f"it is met at weight {weight:.2f}"
    return (
        f"The expected residual risk runs from {ends[0]:.4f} at transport weight 0 to "
        f"{ends[1]:.4f} at weight 1; the decision level is {level:g}: {reached}.",
    )


def _generator(stream: int) -> np.random.Generator:
    """Independent streams, so that one analysis does not move another."""
    return np.random.default_rng([RISK_SEED, stream])
