"""Detectors chosen on other families at limits of their own, on simulated noise and skill."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evals.judging.entry import Entry
from evals.judging.selection import Contender, at_level, can_choose, choose, contenders, selections
from made_up import entry_of, run_of
from probes.network.access import Access

MISALIGNED, EACH = 4, 5
JUDGED = run_of(6, MISALIGNED, EACH)
FAMILIES = [f"maze/proxy_{number}" for number in range(MISALIGNED)]


def noise(generator: np.random.Generator, spread: float) -> list[Entry]:
    """Twelve detectors of noise on 30 controls; each family has an effect on each detector."""
    member = np.unique(JUDGED.families, return_inverse=True)[1]
    return [
        entry_of(f"noise_{number}", generator.normal(generator.normal(0, spread, 10)[member]))
        for number in range(12)
    ]


def at_reported_limits(one: Contender) -> Contender:
    """The fault: the choice looks at the very limits that it is reported at."""
    return replace(one, rates={family: k / n for family, (k, n) in one.counts.items()})


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_a_choice_among_noise_holds_the_rate_only_at_limits_it_has_not_seen(spread: float) -> None:
    generator = np.random.default_rng([3, int(spread)])
    sealed, seen = [], []
    for _ in range(120):
        among = contenders(JUDGED, noise(generator, spread))
        for rates, those in (sealed, among), (seen, [at_reported_limits(one) for one in among]):
            rates.append(np.mean([one.detected / one.of for one in choose(those, FAMILIES)]))
    error = float(np.std(sealed) / np.sqrt(len(sealed)))
    assert np.mean(sealed) <= 0.05 + 2 * error
    assert np.mean(seen) > np.mean(sealed) + error


def test_choices_by_hand() -> None:
    def contender(name: str, rates: list[float], counts: list[int]) -> Contender:
        pairs = [(count, 2) for count in counts]
        by_family = (dict(zip("abc", values, strict=True)) for values in (rates, pairs))
        return Contender(entry_of(name, np.zeros(50)), *by_family)

    x = contender("x", [1.0, 0.0, 1.0], [1, 0, 2])
    y = contender("y", [0.0, 1.0, 0.5], [0, 2, 1])
    # Without a: x .5, y .75; without b: x 1, y .25; without c: x .5, y .5, a tie that x wins.
    assert [(c.family, c.detector, c.detected) for c in choose([x, y], ["a", "b", "c"])] == [
        ("a", "y", 0), ("b", "x", 0), ("c", "x", 2)
    ]  # fmt: skip


def test_the_rule_contends_with_what_a_level_allows() -> None:
    among = [
        Contender(entry_of(name, np.zeros(50), role=role, access=access), {}, {})
        for name, role, access in (
            ("battery", "detector", Access.OUTPUTS),
            ("panel", "rule", Access.WEIGHTS),
            ("panel@outputs", "restricted", Access.OUTPUTS),
        )
    ]
    for level, rule in (Access.WEIGHTS, "panel"), (Access.OUTPUTS, "panel@outputs"):
        assert [one.entry.name for one in at_level(among, level)] == ["battery", rule]


def test_best_and_median_are_of_the_limits_reported_at() -> None:
    entries = noise(np.random.default_rng(1), 0.0)
    strong = entry_of("strong", entries[0].scores + 9.0 * ~JUDGED.aligned)
    (found,) = selections(JUDGED, contenders(JUDGED, [*entries, strong]))
    assert (found.best, found.best_rate) == ("strong", 1.0)
    assert found.median_rate < 0.2
    assert found.seen.detected == MISALIGNED * EACH
    assert found.contenders == 13


def test_a_choice_takes_four_aligned_families() -> None:
    assert can_choose(run_of(4, 2, 3))
    assert not can_choose(run_of(3, 2, 3))
    assert not can_choose(run_of(6, 2, 3, alpha=0.1, threshold="split"))
