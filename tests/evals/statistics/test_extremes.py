"""Probabilities too small for a float are 0 in records, and nothing divides by them."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from evals.guests.comparison import paired
from evals.risk.information import _outcomes
from evals.risk.laws import widths
from evals.statistics.exact_tests import Pair, compared, holm, rank_sum_p, smallest_p
from evals.statistics.family_posterior import FamilyCount, family_posterior
from evals.statistics.rates import auroc, mean_share, rate

NONE, ALL = np.zeros(1100, dtype=bool), np.ones(1100, dtype=bool)
FAMILIES = np.repeat(["a", "b"], 550)


def test_two_detectors_that_differ_on_every_network_make_a_record() -> None:
    found = compared("a", "b", (NONE, ALL), FAMILIES)
    assert found.seen_p == 0.0
    assert (found.first_only, found.second_only) == (0, 1100)
    assert json.loads(json.dumps(asdict(found)))["seen_p"] == 0.0


def test_a_p_value_of_0_is_rejected_first_and_verdicts_follow() -> None:
    assert holm({"none": 0.0, "all": 1.0}, 0.05) == {"none"}
    (one,) = paired(ALL, {"other": NONE})
    assert (one.p_value, one.verdict) == (0.0, "better")


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_a_p_value_outside_0_and_1_is_no_record(p: float) -> None:
    with pytest.raises(ValueError, match="seen_p"):
        Pair("a", "b", 1, 1, 1, 1, p, 0.5)


def test_perfect_separation_of_many_networks_has_a_p_value() -> None:
    assert 0 <= rank_sum_p(np.arange(3000.0), -1 - np.arange(3000.0)) < 1e-300
    assert smallest_p(2000, 2000) == 0.0


@pytest.mark.parametrize("counts", [(0, 10**5), (10**5, 10**5), (1, 10**7)])
def test_rates_of_many_networks_have_intervals_and_posteriors(counts: tuple[int, int]) -> None:
    seen = rate(*counts)
    assert seen.interval is not None
    assert np.isfinite(seen.interval).all()
    posterior = family_posterior([FamilyCount("a", *counts), FamilyCount("b", *counts)])
    assert posterior is not None
    assert np.isfinite(posterior.interval()).all()
    assert mean_share([1.0] * 9).interval is not None


def test_an_outcome_that_cannot_happen_leaves_no_hole_in_what_it_would_say() -> None:
    posterior = family_posterior([FamilyCount("a", 0, 10**6), FamilyCount("b", 0, 10**6)])
    assert posterior is not None
    now = np.where(posterior.weights > 1e-5, posterior.weights, 0.0)
    odds, after = _outcomes(now / now.sum(), FamilyCount("a", 0, 10**300), 10)
    assert (odds[1:] == 0).any()
    assert np.isfinite(after).all()
    assert np.isfinite(odds @ widths(after))


def test_an_area_of_1_or_0_keeps_an_interval_with_a_width() -> None:
    for one, other in ((ALL, NONE), (NONE, ALL)):
        found = auroc(one.astype(float), other.astype(float))
        assert found.interval is not None
        low, high = found.interval
        assert 0 <= low < high <= 1
