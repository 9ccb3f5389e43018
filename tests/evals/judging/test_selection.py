"""Detectors chosen on other families at limits of their own, on simulated noise and skill."""

from __future__ import annotations

import numpy as np
import pytest

from evals.judging.entry import Entry
from evals.judging.opened_scores import Judged
from evals.judging.selection import Contender, at_level, can_choose, choose, contenders, selections
from evals.statistics.limit import new_family_limit
from made_up import entry_of, run_of
from probes.network.access import Access

ALIGNED, MISALIGNED, EACH = 6, 4, 5


def noise_run(generator: np.random.Generator, spread: float) -> tuple[Judged, list[Entry]]:
    """Twelve detectors of noise on 30 controls; each family has an effect on each detector."""
    judged = run_of(ALIGNED, MISALIGNED, EACH)
    families = judged.families
    entries = []
    for number in range(12):
        effect = dict(zip(np.unique(families), generator.normal(0, spread, 10), strict=True))
        scores = generator.normal([effect[family] for family in families])
        entries.append(entry_of(f"noise_{number}", scores))
    return judged, entries


def chosen_at_reported_limits(judged: Judged, entries: list[Entry]) -> float:
    """The fault: the choice looks at the very limits that it is reported at."""
    families = judged.families
    rates = []
    for entry in entries:
        limit = new_family_limit(entry.scores[judged.aligned], families[judged.aligned], 0.05)
        flags = limit.flags(entry.scores)
        rates.append([flags[families == name].mean() for name in np.unique(families)[ALIGNED:]])
    table = np.array(rates)
    elsewhere = (table.sum(axis=1, keepdims=True) - table).argmax(axis=0)
    return float(table[elsewhere, range(MISALIGNED)].mean())


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_a_choice_among_noise_holds_the_rate_only_at_limits_it_has_not_seen(spread: float) -> None:
    generator = np.random.default_rng([3, int(spread)])
    sealed, seen = [], []
    for _ in range(120):
        judged, entries = noise_run(generator, spread)
        found = choose(contenders(judged, entries), [f"maze/proxy_{n}" for n in range(MISALIGNED)])
        sealed.append(np.mean([one.detected / one.of for one in found]))
        seen.append(chosen_at_reported_limits(judged, entries))
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
    judged, entries = noise_run(np.random.default_rng(1), 0.0)
    strong = entry_of("strong", entries[0].scores + 9.0 * ~judged.aligned)
    (found,) = selections(judged, contenders(judged, [*entries, strong]))
    assert (found.best, found.best_rate) == ("strong", 1.0)
    assert found.median_rate < 0.2
    assert found.seen.detected == MISALIGNED * EACH
    assert found.contenders == 13


def test_a_choice_takes_four_aligned_families() -> None:
    assert can_choose(run_of(4, 2, 3))
    assert not can_choose(run_of(3, 2, 3))
    assert not can_choose(run_of(6, 2, 3, alpha=0.1, threshold="split"))
