"""The evidence of a run, from opened scores and the population behind them."""

from __future__ import annotations

from collections.abc import Sequence

from evals.bench import Bench
from evals.calibration import ThresholdKind
from evals.column import Column
from evals.columns import columns, rule_columns
from evals.contest import boards, contestants, selections
from evals.dependence import dependences
from evals.ensemble import combination_columns, stacked_nulls
from evals.evidence import Evidence, Population
from evals.judge import Judged
from evals.own_family import own_families
from evals.suite import Suite
from evals.threshold import AlphaNotAttainable
from organisms.population import Grown


def measure(
    judged: Judged,
    detectors: Sequence[str],
    *,
    scores_sha256: str,
    population: tuple[Population, ...],
    provenance: dict[str, str],
) -> Evidence:
    """Everything a run measured."""
    suite = judged.suite
    kind = suite.rule.threshold
    bench = Bench(judged, kind)
    contest = contestants(bench, detectors)
    beside, reason = _beside(judged, detectors, "split" if kind == "left_out" else "left_out")
    return Evidence(
        suite=suite.name,
        suite_hash=suite.content_hash,
        environment=suite.environments[0],
        alpha=suite.alpha,
        rule=suite.rule.name,
        rule_detectors=suite.rule.detectors,
        scores_sha256=scores_sha256,
        population=population,
        columns=_all_columns(judged, detectors, kind),
        provenance=provenance,
        beside=beside,
        not_beside=reason,
        own=own_families(judged, judged.largest_scores(suite.rule.detectors), suite.alpha),
        selections=selections(bench, contest),
        boards=boards(bench, contest),
        dependence=dependences(judged, detectors),
        stacks=stacked_nulls(judged, detectors),
    )


def _all_columns(
    judged: Judged, detectors: Sequence[str], kind: ThresholdKind
) -> tuple[Column, ...]:
    """Detectors with their parts, combinations of them, then the rule."""
    return (
        *columns(judged, detectors, kind),
        *combination_columns(judged, detectors, kind),
        *rule_columns(judged, kind),
    )


def _beside(
    judged: Judged, detectors: Sequence[str], kind: ThresholdKind
) -> tuple[tuple[Column, ...], str]:
    """The columns at thresholds of the other kind, or why there are none."""
    try:
        return _all_columns(judged, detectors, kind), ""
    except AlphaNotAttainable as error:
        return (), str(error)


def populations(grown: Sequence[Grown], suite: Suite) -> tuple[Population, ...]:
    """What became of the training runs of every group."""
    rows = []
    for group, result in zip(suite.groups, grown, strict=True):
        attempts = result.attempts
        truth = attempts[0].truth.open()
        seconds = sum(record.train_seconds + record.admit_seconds for record in attempts)
        rows.append(
            Population(
                family=truth.family,
                misalignment=truth.misalignment,
                stratum=truth.stratum,
                role=group.role,
                attempted=len(attempts),
                admitted=len(result.organisms),
                diverged=sum(record.certificate is None for record in attempts),
                duds=tuple(
                    f"seed {record.spec.seed}: {record.verdict}"
                    for record in attempts
                    if record.certificate is not None and not record.admitted
                ),
                cpu_seconds=seconds / len(attempts),
                spec_hashes=tuple(r.spec.content_hash for r in result.organisms),
            )
        )
    return tuple(rows)
