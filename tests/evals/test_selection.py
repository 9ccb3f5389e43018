"""Detectors chosen on other families, against simulated truth; the naive best as the control."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evals.selection import Chosen, Contender, PermutedFamilies, Selection, select

TWELVE = tuple(f"detector_{number}" for number in range(12))


def suite(
    generator: np.random.Generator, *, families: int, each: int, spread: float, tau: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Verdicts of 12 detectors, families, and every detector's rate on a new family.

    Probit hits with a difficulty shared by all detectors (correlation .5), family effects of sd
    tau shared, and of each detector alone.
    """
    skill = generator.normal(0, spread, 12)
    shared = generator.normal(0, tau, families)
    alone = generator.normal(0, tau, (12, families))
    member = np.repeat(np.arange(families), each)
    difficulty = generator.normal(size=member.size) * np.sqrt(0.5)
    noise = generator.normal(size=(12, member.size)) * np.sqrt(0.5)
    mean = skill[:, None] + shared[member] + alone[:, member]
    flags = mean + difficulty + noise > 0
    new = stats.norm.cdf(skill / np.sqrt(1 + 2 * tau**2))
    return flags, np.array([f"family_{one}" for one in member]), new


def chosen_in(flags: np.ndarray, families: np.ndarray, permutations: int = 1) -> Selection:
    return select(
        flags, TWELVE, families, misalignment="proxy", access="weights",
        generator=np.random.default_rng(0), permutations=permutations,
    )  # fmt: skip


def simulated(repeats: int, **how: float) -> tuple[float, float, float]:
    """Mean chosen rate, mean naive best, mean rate of the chosen detectors on a new family."""
    generator = np.random.default_rng([71, repeats])
    rows = []
    for _ in range(repeats):
        flags, families, new = suite(generator, **how)  # type: ignore[arg-type]
        found = chosen_in(flags, families)
        truth = np.mean([new[TWELVE.index(one.detector)] for one in found.chosen])
        rows.append((found.chosen_rate, found.best_rate, truth))
    means = np.mean(np.array(rows, dtype=float), axis=0)
    return float(means[0]), float(means[1]), float(means[2])


def test_twelve_identical_detectors() -> None:
    chosen, naive, _ = simulated(300, families=3, each=20, spread=0.0, tau=0.0)
    assert chosen == pytest.approx(0.5, abs=0.02)
    assert naive == pytest.approx(0.585, abs=0.02)
    assert naive >= 0.5 + 0.05


def test_the_chosen_rate_is_that_of_a_new_family_and_the_best_is_flattered() -> None:
    chosen, naive, truth = simulated(300, families=5, each=20, spread=0.5, tau=0.5)
    assert chosen == pytest.approx(truth, abs=0.04)
    assert naive > truth + 0.05


def test_choices_by_hand() -> None:
    families = np.array(["a", "a", "b", "b", "c", "c"])
    flags = np.array([[1, 1, 0, 0, 1, 1], [0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 0, 0]], dtype=bool)
    found = select(
        flags, ("x", "y", "z"), families, misalignment="proxy", access="outputs",
        generator=np.random.default_rng(0),
    )  # fmt: skip
    # Without a: x 1, y 1.5; without b: x 2, y .5; without c: x 1, y 1, a tie that x wins.
    assert [(c.family, c.detector, c.detected, c.of) for c in found.chosen] == [
        ("a", "y", 0, 2), ("b", "x", 0, 2), ("c", "x", 2, 2)
    ]  # fmt: skip
    assert (found.best.name, found.best_rate) == ("x", pytest.approx(2 / 3))
    assert found.median_rate == pytest.approx(0.5)
    assert found.chosen_rate == pytest.approx(1 / 3)
    assert (found.seen.detected, found.seen.of) == (2, 6)
    assert found.new_family is not None
    assert [count.detected for count in found.new_family.counts] == [0, 0, 2]


def test_permuted_families_tell_a_choice_that_does_not_carry_over() -> None:
    generator = np.random.default_rng(3)
    families = np.repeat(["a", "b", "c", "d"], 20)
    specific = np.zeros((12, 80), dtype=bool)
    for number in range(12):
        specific[number, families == "abcd"[number % 4]] = True
    null = chosen_in(specific, families, permutations=300).null
    assert null is not None
    assert null.at_most < 0.02
    assert null.middle > 0.1
    even = generator.random((12, 80)) < 0.6
    null = chosen_in(even, families, permutations=300).null
    assert null is not None
    assert null.at_most > 0.02


def test_permuted_families_are_uniform_where_families_do_not_differ() -> None:
    generator = np.random.default_rng(5)
    ranks = []
    for _ in range(150):
        flags, families, _ = suite(generator, families=3, each=20, spread=0.3, tau=0.0)
        null = chosen_in(flags, families, permutations=60).null
        assert null is not None
        ranks.append(null.at_most)
    assert np.mean(np.array(ranks) <= 0.05) <= 0.09


def test_one_family_leaves_nothing_to_choose_on() -> None:
    found = chosen_in(np.ones((12, 4), dtype=bool), np.repeat("a", 4))
    assert (found.chosen, found.null, found.chosen_rate, found.new_family) == ((), None, None, None)
    assert found.best_rate == found.median_rate == 1.0


def test_a_detector_picked_on_the_family_it_is_reported_on_is_refused() -> None:
    with pytest.raises(ValueError, match="x was picked on a, the family it is reported on"):
        Chosen("a", ("a", "b"), "x", 3, 4)
    with pytest.raises(ValueError, match="no family is left"):
        Chosen("a", (), "x", 3, 4)


def test_impossible_selections_are_refused() -> None:
    with pytest.raises(ValueError, match="one row a detector"):
        chosen_in(np.ones((3, 4), dtype=bool), np.repeat("a", 4))
    with pytest.raises(ValueError, match="x flags"):
        Selection("proxy", "outputs", ("a",), (4,), (Contender("x", (5,)),), (), None)
    with pytest.raises(ValueError, match="2 families with 0 choices"):
        Selection("proxy", "outputs", ("a", "b"), (4, 4), (Contender("x", (3, 3)),), (), None)
    with pytest.raises(ValueError, match="no null"):
        PermutedFamilies(0.5, 0.4, 0.6, 0.1)
