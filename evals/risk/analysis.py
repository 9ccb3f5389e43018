"""The risk report that follows from measured rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from statistics import fmean
from types import MappingProxyType

import numpy as np

from evals.risk.coherence import consistency
from evals.risk.decomposition import draw_inputs, evaluate, overlap_bounds, remeasured, sample_cube
from evals.risk.figures import HORIZONS, MISALIGNMENT_TYPES, Beliefs, Figures, QuestionError
from evals.risk.information import Candidate, information_values, next_measurements
from evals.risk.laws import rates_at
from evals.risk.merged import Merged
from evals.risk.predictive_value import mixed_detection, predictive_rows
from evals.risk.risk_report import AccessRow, RiskReport
from evals.risk.sobol import risk_indices
from evals.risk.summary import summarise_pool, summarise_rate
from evals.risk.transport import Transport
from evals.risk.update import changes, risk_rows, type_updates
from evals.statistics.family_posterior import FamilyPosterior, family_posterior
from probes.arguments import require_number

RISK_SEED = 20_260
"""Seed of the Monte Carlo draws: the same evidence gives the same risk."""

MOST_DRAWS = 10**8
"""Draws that still fit into the memory of a large machine."""

SUBSAMPLE = 20_000
"""Draws for the judged rows against each other; their Monte Carlo error is about 1%."""


def analyse(
    merged: Merged,
    figures: Figures,
    transport: Transport,
    *,
    horizon: str = "near_term",
    supposed: Mapping[str, float] = MappingProxyType({}),
    decision_level: float | None = None,
    draws: int = 100_000,
) -> RiskReport:
    """The decomposition before and after, what it rests on and what would change it.

    Args:
        transport: its weight is that of the details; the risk is shown at 0 and 1 as well.
        horizon: scenario that the details are about; an unknown one is a `QuestionError`.
        supposed: inputs supposed known, see `Beliefs`.
        decision_level: r*, the residual risk below which one would deploy; None takes the expected
            residual risk itself, where information is worth most.
    """
    if decision_level is not None:
        require_number("decision_level", decision_level, least=0, most=1, error=QuestionError)
    require_number("draws", draws, least=1, most=MOST_DRAWS, error=QuestionError)
    if horizon not in HORIZONS:
        raise QuestionError(f"unknown scenario {horizon!r}, wanted one of {', '.join(HORIZONS)}")
    weight, rule, sweep = transport.weight, merged.rules[0], merged.sweep
    weights = (0.0, weight, 1.0)
    detection = {name: _detection(merged, name) for name in merged.rules}
    upper, marks = _detection(merged, rule, with_left_out=True), merged.caveats()
    swept = (sweep.emergence, sweep.misaligned) if sweep else (None, None)
    beliefs = Beliefs(figures, detection[rule], *swept, supposed=supposed)
    cube = sample_cube(_generator(0), draws)
    drawn = draw_inputs(cube, beliefs)
    inputs = judged = drawn[horizon]
    if supposed:
        judged = draw_inputs(cube, replace(beliefs, supposed={}), [horizon])[horizon]
    apart, counted, shipped = (
        remeasured(inputs, cube, replace(beliefs, detection=seen, given=given))
        for seen, given in ((detection[rule], False), (upper, True), (upper, False))
    )
    readings = {
        "correction given detection, void and constructed cells left out": inputs,
        "correction independent of detection": apart,
        "void and constructed cells counted, correction given detection": counted,
        "void and constructed cells counted, correction independent of it": shipped,
    }
    rows = {name: risk_rows(name, one, weights) for name, one in drawn.items()}
    expected = {row.weight: row.residual.mean for row in rows[horizon]}[weight]
    level = expected if decision_level is None else decision_level
    access: list[AccessRow] = []
    candidates: list[Candidate] = []
    spent = merged.organism_cpu_seconds()
    for name, seen in detection.items():  # the detectors that an access allows; all else is common
        so = replace(beliefs, detection=seen)
        lesser = remeasured(inputs, cube, so)
        columns = merged.columns(name)
        row = AccessRow(
            rule=name,
            access=columns[0].access,
            detection={kind: summarise_rate(posterior) for kind, posterior in seen.items()},
            rows=risk_rows(horizon, lesser, weights),
            false_alarms=merged.false_alarms(name),
            cpu_seconds=fmean(column.cpu_seconds for column in columns),
        )
        access.append(row)
        if spent:
            costs = {kind: cost + row.cpu_seconds for kind, cost in spent.items()}
            candidates += next_measurements(
                lesser,
                so,
                weight=weight,
                decision_level=level,
                cpu_seconds=costs,
                access=row.access,
            )
    controls = family_posterior(merged.control_counts(rule))
    alarms = rates_at(controls, _generator(8).random(draws)) if controls else None
    overlaps = zip(*(overlap_bounds(inputs, weight=at) for at in weights), strict=True)
    text = ", ".join(f"{name} = {value:g}" for name, value in supposed.items())
    return RiskReport(
        sources=tuple(f"suite {run.suite} ({run.suite_hash[:8]})" for run in merged.runs),
        alpha=merged.runs[0].alpha,
        rule=rule,
        supposed=text,
        scenario=horizon,
        transport=transport,
        draws=draws,
        rows=tuple(row for found in rows.values() for row in found),
        unsupposed=risk_rows(horizon, judged, weights) if supposed else (),
        readings={name: risk_rows(horizon, one, weights) for name, one in readings.items()},
        as_it_is=float(1 / evaluate(judged, 0.0).fraction.mean()),
        types=type_updates(
            inputs,
            beliefs,
            weight=weight,
            judged=judged,
            independent=apart,
            caveats=marks,
            upper={name: upper[name] for name in marks},
        ),
        changes=(
            *changes("left out", drawn, inputs, apart),
            *(changes("counted", drawn, counted, shipped) if marks else ()),
        ),
        decision_level=level,
        access=tuple(access),
        predictive=predictive_rows(mixed_detection(inputs), alarms) if alarms is not None else (),
        overlap=tuple(summarise_pool(bound, weight) for bound in overlaps),
        consistency=consistency(figures, generator=_generator(2), draws=SUBSAMPLE),
        sobol=risk_indices(beliefs, horizon, weight=weight, generator=_generator(5)),
        information=information_values(
            inputs, weight=weight, decision_level=level, generator=_generator(6)
        ),
        candidates=tuple(sorted(candidates, key=lambda one: one.rank)),
        flags=(
            *[f"What if: {text}, supposed and not measured."] * bool(supposed),
            *merged.emergence_notes(),
        ),
    )


def _detection(
    merged: Merged, rule: str, *, with_left_out: bool = False
) -> dict[str, FamilyPosterior | None]:
    return {
        name: family_posterior(merged.counts(rule, name, with_left_out=with_left_out))
        for name in MISALIGNMENT_TYPES
    }


def _generator(stream: int) -> np.random.Generator:
    """Independent streams, so that one analysis does not move another."""
    return np.random.default_rng([RISK_SEED, stream])
