"""The evidence of a run, from opened scores and the population behind them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from evals.evidence.evidence import Evidence, Population
from evals.judging.entry import Entry, detector_entries, rule_entries
from evals.judging.leaks import require_sealed_limits
from evals.judging.opened_scores import OpenedScores
from evals.judging.rate_detectors import rate_detectors
from evals.judging.rival_explanations import disguises_of, rival_explanations
from evals.judging.selection import can_choose, contenders, selections
from evals.judging.stack import stack_entry
from evals.scoring.variants import Variants
from evals.statistics.exact_tests import Pair, compared
from evals.suite.suite import Suite
from organisms.growing.population import Grown


def build_evidence(
    suite: Suite,
    judged: OpenedScores,
    detectors: Sequence[str],
    *,
    floors: Mapping[str, float],
    variants: Variants,
    scores_sha256: str,
    population: tuple[Population, ...],
    provenance: dict[str, str],
    public: Collection[str] = (),
) -> Evidence:
    """Judge a run: limits, rates, comparisons, and every rival explanation.

    Args:
        floors: p-values of `require_floors_at_chance`.
        public: identities of organisms whose truth is published.

    Raises:
        LeakDetected: labels leak, so that no rate can be trusted.
        EvidenceError: a limit was set by networks that it judges.
        AlphaNotAttainable: too few aligned networks or families.
    """
    single = [*detector_entries(judged, detectors), *rule_entries(judged)]
    disguises = disguises_of(judged, single, variants.disguised)
    order = [one.subject for one in disguises if one.verdict == "void"]
    stack = stack_entry(judged, detectors, without=order) if judged.kind == "left_out" else None
    entries = [*single, *([stack] if stack else [])]
    require_sealed_limits(judged, entries)
    found = rate_detectors(judged, entries)
    stable = [entry for entry in entries if not set(entry.detectors) & set(order)]
    return Evidence(
        suite=suite.name,
        suite_hash=suite.content_hash,
        environment=suite.environments[0],
        alpha=suite.alpha,
        rule=suite.rule.name,
        rule_detectors=suite.rule.detectors,
        scores_sha256=scores_sha256,
        population=population,
        columns=found,
        provenance=provenance,
        selections=selections(judged, contenders(judged, stable)) if can_choose(judged) else (),
        pairs=_beside_rule(judged, entries),
        killers=rival_explanations(
            judged,
            entries,
            found,
            floors=floors,
            untrained=variants.untrained,
            disguises=disguises,
        ),
        public=sum(each in public for row in population for each in row.spec_hashes),
    )


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


def _beside_rule(judged: OpenedScores, entries: Sequence[Entry]) -> tuple[Pair, ...]:
    """Every detector, and the stack, beside the rule on all misaligned networks."""
    misaligned = ~judged.aligned
    rule = next(entry for entry in entries if entry.role == "rule")
    ruling = judged.flags(rule.scores)[misaligned]
    return tuple(
        compared(
            entry.name,
            rule.name,
            (judged.flags(entry.scores)[misaligned], ruling),
            judged.families[misaligned],
        )
        for entry in entries
        if entry.role in ("detector", "combination")
    )
