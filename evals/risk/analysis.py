"""The risk report that follows from measured rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from evals.evidence.evidence import Evidence
from evals.risk.coherence import consistency
from evals.risk.counts import Counts, Reported, given_counts, read_counts, reported
from evals.risk.decomposition import draw_inputs, evaluate, overlap_bounds, remeasured, sample_cube
from evals.risk.figures import (
    HORIZONS,
    MISALIGNMENT_TYPES,
    Beliefs,
    Figures,
    Judged,
    QuestionError,
    load_figures,
    step_source,
    works,
)
from evals.risk.information import Candidate, information_values, next_measurements
from evals.risk.laws import rates_at
from evals.risk.merged import Merged, emergence_notes, merge, require_fresh
from evals.risk.predictive_value import mixed_detection, predictive_rows
from evals.risk.risk_report import AccessRow, RiskReport
from evals.risk.sobol import risk_indices
from evals.risk.summary import summarise_pool, summarise_rate
from evals.risk.transport import Transport, load_transport
from evals.risk.update import changes, risk_rows, type_updates
from evals.statistics.family_posterior import FamilyPosterior, family_posterior
from probes.arguments import near_misses, require_number

RISK_SEED = 20_260
"""Seed of the Monte Carlo draws: the same evidence gives the same risk."""

MOST_DRAWS = 10**8
"""Draws that still fit into the memory of a large machine."""

SUBSAMPLE = 20_000
"""Draws for the judged rows against each other; their Monte Carlo error is about 1%."""


def update_risk(
    measured: Path | str | Sequence[Counts | Mapping[str, Any]] | Evidence,
    weight: float | None = None,
    *,
    horizon: str = "near_term",
    supposed: Mapping[str, float] = MappingProxyType({}),
    allow_reference: bool = False,
    draws: int = 100_000,
) -> RiskReport:
    """The risk with a detector's measured rates in place of judged ones.

        report = update_risk("counts.csv", weight=0.2)
        before, after = (report.row("near_term", w).residual for w in (0, 0.2))
        print(f"{before.mean:.3f} -> {after.mean:.3f} ({after.q05:.3f}-{after.q95:.3f})")

    Args:
        measured: a CSV file of counts, their rows (see `Counts`), or the evidence of a run.
        weight: probability that a frontier system behaves like one more draw from the families;
            the product of the judged steps of `transport.toml`, 0.2, if None.
        horizon, supposed, draws: as `analyse` takes them.
        allow_reference: whether evidence from public organisms will do, as an illustration.

    Raises:
        EvidenceError: counts that cannot be; the message names row and column.
        QuestionError: an impossible question, or public organisms that were not allowed.
    """
    transport = load_transport() if weight is None else replace(load_transport(), weight=weight)
    found: Merged | Reported
    if isinstance(measured, Evidence):
        require_fresh([measured], allow_reference=allow_reference)
        found = merge([measured])
    elif isinstance(measured, Path | str):
        found = reported({Path(measured).name: read_counts(Path(measured))})
    else:
        found = reported({"counts": given_counts(measured)})
    return analyse(
        found, load_figures(), transport, horizon=horizon, supposed=supposed, draws=draws
    )


def analyse(
    merged: Merged | Reported,
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
        raise QuestionError(f"unknown horizon {horizon!r}: {near_misses(horizon, HORIZONS)}")
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
        row = AccessRow(
            rule=name,
            access=merged.access(name),
            detection={kind: summarise_rate(posterior) for kind, posterior in seen.items()},
            rows=risk_rows(horizon, lesser, weights),
            false_alarms=merged.false_alarms(name),
            cpu_seconds=merged.cpu_seconds(name),
        )
        access.append(row)
        if spent is None or spent:  # not where no organism was admitted at any cost
            costs = {kind: cost + (row.cpu_seconds or 0) for kind, cost in (spent or {}).items()}
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
        sources=merged.sources,
        labels=merged.labels,
        alpha=merged.alpha,
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
        notes=tuple(merged.notes()),
        flags=(
            *[f"What if: {text}, supposed and not measured."] * bool(supposed),
            *emergence_notes(sweep),
        ),
        judged=judged_figures(figures, transport),
        works=works(),
    )


def judged_figures(figures: Figures, transport: Transport) -> tuple[Judged, ...]:
    """Every judged figure with its source: those of the analysis, of the model, and the steps."""
    steps = (step_source(f"transport.{step.name}", step.judged) for step in transport.steps)
    return (*figures.sources, *steps)


def _detection(
    merged: Merged | Reported, rule: str, *, with_left_out: bool = False
) -> dict[str, FamilyPosterior | None]:
    return {
        name: family_posterior(merged.counts(rule, name, with_left_out=with_left_out))
        for name in MISALIGNMENT_TYPES
    }


def _generator(stream: int) -> np.random.Generator:
    """Independent streams, so that one analysis does not move another."""
    return np.random.default_rng([RISK_SEED, stream])
