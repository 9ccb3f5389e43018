"""Several runs are read as one without counting an organism twice."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from evals.evidence.detector_rates import EvidenceError
from evals.evidence.evidence import Evidence
from evals.evidence.sweep import Sweep, SweepCount
from evals.risk.merged import merge
from evals.running.run import Finished


def elsewhere(evidence: Evidence, *, but: str = "") -> Evidence:
    """The same counts from other organisms, `but` of a misalignment from the same."""
    population = tuple(
        row
        if row.misalignment == but
        else replace(row, spec_hashes=tuple(f"other-{h}" for h in row.spec_hashes))
        for row in evidence.population
    )
    return replace(evidence, suite="other", scores_sha256="other", population=population)


def test_one_run_is_read_as_it_is(finished: Finished) -> None:
    evidence = finished.evidence
    merged = merge([evidence])
    rule = evidence.column(evidence.rule)
    assert merged.rules[0] == evidence.rule
    every = merged.counts(evidence.rule, "proxy", with_left_out=True)
    assert every == rule.counts("proxy")
    left_out, bound = merged.caveats()["proxy"]
    assert every[0].family in left_out
    assert f"{every[0].detected} of {every[0].of}" in bound
    assert merged.counts(evidence.rule, "proxy") == ()
    assert merged.false_alarms(evidence.rule) == rule.false_alarms
    assert merge([evidence, evidence]) == merged, "a file given twice counts once"
    for name, seconds in merged.organism_cpu_seconds().items():
        rows = [row for row in evidence.population if row.misalignment == name]
        assert seconds >= min(row.cpu_seconds for row in rows), "per admitted organism"


def test_other_organisms_of_a_family_are_added_up_within_the_family(finished: Finished) -> None:
    first, second = finished.evidence, elsewhere(finished.evidence)
    merged = merge([first, second])
    for name in first.types:
        once = merge([first]).counts(first.rule, name, with_left_out=True)
        twice = merged.counts(first.rule, name, with_left_out=True)
        assert [(c.family, 2 * c.detected, 2 * c.of) for c in once] == [
            (c.family, c.detected, c.of) for c in twice
        ]
    controls = merged.control_counts(first.rule)
    assert sum(c.of for c in controls) == merged.false_alarms(first.rule).of
    assert len(controls) == len(first.column(first.rule).alarms)
    assert merged.false_alarms(first.rule).of == 2 * first.column(first.rule).false_alarms.of


SWEEP = Sweep(
    "dose", "a" * 64, "2026-11-01", "2026-11-02",
    (SweepCount("maze/proxy_corner", "spontaneous", 20, 12, 9),), {},
)  # fmt: skip
REFUSED: dict[str, Callable[[Evidence], list[Evidence | Sweep]]] = {
    "count twice": lambda one: [one, replace(one, suite="copy", scores_sha256="other")],
    "maze/aligned": lambda one: [one, elsewhere(one, but="aligned")],
    "alphas": lambda one: [one, replace(elsewhere(one), alpha=0.05)],
    "rules": lambda one: [one, replace(elsewhere(one), rule_detectors=("goal_swap",))],
    "differ": lambda one: [one, replace(one, provenance={})],
    "no evidence": lambda one: [SWEEP],
    "sweeps": lambda one: [one, SWEEP, SWEEP],
}


@pytest.mark.parametrize("word", REFUSED)
def test_what_does_not_belong_together_is_refused(finished: Finished, word: str) -> None:
    with pytest.raises(EvidenceError, match=word):
        merge(REFUSED[word](finished.evidence))
