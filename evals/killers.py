"""Every attempt to explain a run's rates away, made on every run before its evidence is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from evals.artefacts import artefact_killers
from evals.bench import Bench
from evals.column import Column, EvidenceError
from evals.columns import rule_columns
from evals.ensemble import ROLE
from evals.evidence import Evidence
from evals.floors import floor_killers
from evals.judge import Judged
from evals.killer import Killer
from evals.permuted import chance_killers, permuted_killers
from evals.ranked import ranked_value
from evals.stack_killers import stack_killers
from evals.threshold import attainable_rank
from evals.variant_killers import disguise_killers, untrained_killers
from evals.variants import AFFORDABLE, Variants

_STREAM = 11
"""Keeps the dealing of labels apart from every other stream of a battery seed."""


def with_killers(
    evidence: Evidence, judged: Judged, floors: Mapping[str, float], variants: Variants
) -> Evidence:
    """The evidence with what its killers found.

    Args:
        evidence: the measured rates.
        judged: the opened scores behind it.
        floors: p-values of `require_floors_at_chance`.
        variants: scores of untrained networks and of disguises.

    Raises:
        LeakDetected: labels leak, so that no rate can be trusted.
        EvidenceError: a threshold was set by other networks than those that calibrate.
    """
    columns = {column.name: column for column in evidence.columns}
    require_calibrated_thresholds(judged, evidence.columns)
    generator = np.random.default_rng([judged.suite.battery_seed, _STREAM])
    untrained = untrained_killers(judged, columns, variants.untrained)
    disguises = disguise_killers(judged, columns, variants.disguised)
    found = (
        *floor_killers(judged, floors),
        *permuted_killers(judged, generator),
        *chance_killers(evidence),
        *untrained,
        *_left_out("untrained", untrained, evidence.columns),
        *disguises,
        *_left_out("disguise", disguises, evidence.columns),
        *artefact_killers(judged),
        *stack_killers(judged, evidence.stacks, variants.untrained),
    )
    return replace(evidence, killers=found)


def require_calibrated_thresholds(judged: Judged, columns: Sequence[Column]) -> None:
    """Raise unless every threshold is the one that the calibration networks give.

    Raises:
        EvidenceError: one was set by other networks.
    """
    rules = {column.name: column for column in rule_columns(judged)}
    bench = Bench(judged, judged.suite.rule.threshold)
    for column in columns:
        if column.role in ("rule", "restricted"):
            expected = rules[column.name].threshold
        elif column.role == ROLE:
            size = column.calibration_size
            expected = ranked_value(attainable_rank(judged.suite.alpha, size), size)
        else:
            name, _, part = column.name.partition("/")
            value = bench.calibrate(judged.scores(name, part), judged.suite.alpha).whole.value
            expected = value if value is not None and np.isfinite(value) else None
        if column.threshold != expected:
            raise EvidenceError(
                f"the threshold of {column.name} is {column.threshold}, the calibration networks "
                f"give {expected}: it was set on other networks, such as those of the test; run "
                "again"
            )


def _left_out(name: str, found: Sequence[Killer], columns: Sequence[Column]) -> tuple[Killer, ...]:
    """One line that names the detectors that were too dear for a killer."""
    scored = {killer.subject for killer in found}
    levels = ("activations", "interventions", "weights")
    missing = [
        column.name
        for column in columns
        if column.role in ("detector", "baseline", "floor")
        and "/" not in column.name
        and column.name not in scored
        and (name == "untrained" or column.access in levels)
    ]
    if not missing:
        return ()
    return (
        Killer(
            name=name,
            subject=", ".join(missing),
            access="",
            family="",
            verdict="not_run",
            p_value=None,
            networks=0,
            text=f"not run: each costs more than {AFFORDABLE:g} CPU-second a suspect, or the "
            "symmetries of its networks are not known",
        ),
    )
