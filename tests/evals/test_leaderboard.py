"""Detectors told apart only where the same networks, or families, tell them apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import special, stats

from evals.leaderboard import Board, Standing, leaderboard
from evals.paired import (
    Pair,
    difference_interval,
    holm,
    mcnemar,
    sign_flips,
    within_family_correlation,
    within_family_ranks,
)


@pytest.mark.parametrize(("alone", "other"), [(0, 0), (1, 0), (5, 2), (9, 1), (6, 6), (0, 14)])
def test_mcnemar_is_the_binomial_test_of_disagreements(alone: int, other: int) -> None:
    expected = stats.binomtest(alone, alone + other, 0.5).pvalue if alone + other else 1.0
    assert mcnemar(alone, other) == pytest.approx(expected)


def test_the_interval_of_a_paired_difference_covers() -> None:
    generator = np.random.default_rng(1)
    for cells, networks in (((0.5, 0.3, 0.1, 0.1), 40), ((0.85, 0.05, 0.05, 0.05), 60)):
        counts = generator.multinomial(networks, cells, 1200)
        truth = cells[1] - cells[2]
        ends = [difference_interval(int(b), int(c), networks) for _, b, c, _ in counts]
        held = np.mean([low <= truth <= high for low, high in ends])
        assert 0.93 <= held <= 0.995


def test_sign_flips_are_those_of_scipys_permutation_test() -> None:
    differences = np.random.default_rng(2).normal(0.1, 0.2, (4, 7))
    found = sign_flips(differences, np.random.default_rng(0))
    for row, p_value in zip(differences, found, strict=True):
        expected = stats.permutation_test(
            (row,), np.sum, permutation_type="samples", n_resamples=np.inf
        ).pvalue
        assert p_value == pytest.approx(expected)
    assert sign_flips(np.ones((1, 5)), np.random.default_rng(0))[0] == 2 / 32
    many = sign_flips(np.ones((1, 20)), np.random.default_rng(0))[0]
    assert 0 < many <= 5 / 2**14


def test_holm_adjusts_step_by_step() -> None:
    adjusted = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.6, 0.9])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).size == 0


def test_dependence_is_measured_within_families() -> None:
    generator = np.random.default_rng(3)
    families = np.repeat(["easy", "hard"], 200)
    base = np.where(families == "easy", 0.9, 0.1)
    independent = (generator.random((2, 400)) < base).astype(float)
    assert np.corrcoef(independent)[0, 1] > 0.5, "families alone make them look alike"
    assert abs(within_family_correlation(independent, families)[0, 1]) < 0.12
    copied = np.stack([independent[0], independent[0], 1 - independent[0], np.ones(400)])
    found = within_family_correlation(copied, families)
    assert found[0, 1] == pytest.approx(1.0)
    assert found[0, 2] == pytest.approx(-1.0)
    assert np.isnan(found[0, 3])


def test_ranks_within_a_family_average_ties_and_put_abstentions_last() -> None:
    scores = np.array([[5.0, np.nan, 5.0, 1.0, 2.0]])
    families = np.array(["a", "a", "a", "b", "b"])
    assert within_family_ranks(scores, families).tolist() == [[2.5, 1.0, 2.5, 1.0, 2.0]]


def board(flags: np.ndarray, families: np.ndarray, seed: int = 0) -> Board:
    generator = np.random.default_rng(seed)
    return leaderboard(
        flags.astype(float), flags, families, [f"d{n}" for n in range(len(flags))],
        control_scores=generator.random((len(flags), 20)),
        control_families=np.repeat(["x", "y"], 10),
        misalignment="proxy", generator=generator,
    )  # fmt: skip


def test_small_suites_cannot_rank_and_say_so() -> None:
    generator = np.random.default_rng(4)
    families = np.repeat(["a", "b"], 10)
    rates = np.array([0.8, 0.7, 0.6])[:, None]
    found = board(generator.random((3, 20)) < rates, families)
    assert not found.ranked
    assert "Cannot be ranked: 20 networks of 2 families" in found.sentence
    assert {one.ranks for one in found.standings} == {(1, 3)}
    ordered = [one.detected for one in found.standings]
    assert ordered == sorted(ordered, reverse=True)


def test_a_clear_difference_is_ranked_for_seen_families_and_not_for_new_ones() -> None:
    families = np.repeat(["a", "b", "c", "d", "e"], 20)
    generator = np.random.default_rng(5)
    flags = generator.random((3, 100)) < np.array([0.95, 0.9, 0.2])[:, None]
    found = board(flags, families)
    assert found.ranked
    assert not found.ranked_for_new_families, "five families: no p-value below 2 / 32"
    assert "for new families they cannot be ranked" in found.sentence
    assert [one.ranks for one in found.standings] == [(1, 2), (1, 2), (3, 3)]


def test_many_families_can_rank_for_new_ones() -> None:
    families = np.repeat([f"f{n:02d}" for n in range(12)], 10)
    flags = np.zeros((2, 120), dtype=bool)
    flags[1] = True
    found = board(flags, families)
    assert found.ranked_for_new_families
    assert "for new families like these too" in found.sentence
    assert [(one.name, one.new_family_ranks) for one in found.standings] == [
        ("d1", (1, 1)), ("d0", (2, 2))
    ]  # fmt: skip


def test_equal_detectors_are_rarely_put_in_order() -> None:
    generator = np.random.default_rng(6)
    families = np.repeat(["a", "b", "c"], 20)
    wrong = sum(board(generator.random((6, 60)) < 0.6, families).ranked for _ in range(100))
    assert wrong <= 11, "at most 5% of 100, and Monte Carlo error"


def test_family_interaction_ranks_seen_families_but_not_families() -> None:
    """Detectors equal on average, each lucky on some families: only networks seem to tell."""
    generator = np.random.default_rng(7)
    families = np.repeat([f"f{n}" for n in range(8)], 20)
    seen = new = 0
    for _ in range(40):
        rates = special.expit(generator.normal(0, 2, (3, 8)))
        flags = generator.random((3, 160)) < np.repeat(rates, 20, axis=1)
        found = board(flags, families)
        seen += found.ranked
        new += found.ranked_for_new_families
    assert seen > 15
    assert new <= 7


def test_pairs_count_every_network_once() -> None:
    generator = np.random.default_rng(8)
    flags = generator.random((4, 30)) < 0.5
    found = board(flags, np.repeat(["a", "b", "c"], 10))
    by_name = {f"d{n}": row for n, row in enumerate(flags)}
    assert len(found.pairs) == 6
    for pair in found.pairs:
        first, second = by_name[pair.first], by_name[pair.second]
        assert pair.both == (first & second).sum()
        assert pair.networks == 30
        assert pair.difference == pytest.approx(first.mean() - second.mean())
        low, high = pair.interval
        assert low <= pair.difference <= high
        assert pair.phi is not None


def test_impossible_comparisons_are_refused() -> None:
    with pytest.raises(ValueError, match="four of 0 or more"):
        Pair("a", "b", 0, 0, 0, 0, 1.0, 1.0, None, None)
    with pytest.raises(ValueError, match="p-values"):
        Pair("a", "b", 1, 0, 0, 0, 0.0, 1.0, None, None)
    with pytest.raises(ValueError, match="is impossible"):
        difference_interval(3, 3, 5)
    with pytest.raises(ValueError, match="wanted 0 or more"):
        mcnemar(-1, 2)
    with pytest.raises(ValueError, match="no range of ranks"):
        Standing("a", 1, 2, 0, (2, 1), (1, 1))
    with pytest.raises(ValueError, match="make no board"):
        Board("proxy", ("a",), (Standing("a", 1, 2, 0, (1, 1), (1, 1)),) * 2, ())
    with pytest.raises(ValueError, match="one row a detector"):
        board(np.zeros((2, 0), dtype=bool), np.array([], dtype=str))


def test_a_single_detector_is_nothing_to_rank() -> None:
    found = board(np.ones((1, 4), dtype=bool), np.repeat("a", 4))
    assert found.sentence == "One detector on 4 networks of 1 family: nothing to rank."
    assert list(itertools.chain(found.pairs)) == []
