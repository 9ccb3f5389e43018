"""Paired comparisons, against sums by hand and enumeration."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from evals.statistics.exact_tests import Pair, compared


def verdicts(text: str) -> np.ndarray:
    return np.array([letter == "1" for letter in text], dtype=bool)


def test_counts_and_the_exact_test_by_hand() -> None:
    families = np.repeat(["a", "b"], 5)
    pair = compared("x", "y", (verdicts("1111100110"), verdicts("1000000100")), families)
    assert (pair.both, pair.first_only, pair.second_only, pair.neither) == (2, 5, 0, 3)
    assert pair.seen_p == pytest.approx(2 / 2**5)
    same = compared("x", "x", (verdicts("1110000000"),) * 2, families)
    assert same.seen_p == same.families_p == 1.0


def test_families_are_the_unit_of_the_sign_flips() -> None:
    families = np.repeat(list("abcde"), 4)
    mine = verdicts("1111" * 4 + "1100")
    other = verdicts("0000" * 4 + "1110")
    pair = compared("x", "y", (mine, other), families)
    differences = np.array([1.0, 1, 1, 1, -0.25])
    sums = [abs(np.dot(signs, differences)) for signs in product([-1, 1], repeat=5)]
    wanted = np.mean(np.array(sums) >= abs(differences.sum()) - 1e-9)
    assert pair.families_p == pytest.approx(wanted)
    assert pair.families_p > 2 / 2**5
    assert pair.seen_p == pytest.approx(stats.binomtest(16, 17).pvalue)


def test_impossible_input_is_refused() -> None:
    with pytest.raises(ValueError, match="verdicts"):
        compared("x", "y", (verdicts(""), verdicts("")), np.array(["a"])[:0])
    with pytest.raises(ValueError, match="counts"):
        Pair("x", "y", -1, 0, 0, 0, 1.0, 1.0)
