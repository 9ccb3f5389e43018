"""The next measurement against simulation, the family posterior and simple economics."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from worked_example import FIGURES, drawn, families, posterior, posteriors

from evals.risk.decomposition import evaluate, harm_by_type
from evals.risk.figures import MISALIGNMENT_TYPES, Beliefs
from evals.risk.information import _PRIOR, Candidate, _outcomes, next_measurements
from evals.risk.laws import DETECTIONS, beta_from_interval, given
from evals.statistics.family_posterior import CELLS, FamilyCount, FamilyPosterior

COSTS = {"proxy": 160.0, "deceptive": 360.0}
COUNTS = {"proxy": families(12, 7, 16), "deceptive": families(9, 1, 15)}
PROXY = posterior(COUNTS["proxy"])
BELIEFS = Beliefs(FIGURES, posteriors(COUNTS))
INPUTS = drawn(BELIEFS, 2000, 41)
NOW = float(evaluate(INPUTS, 1.0).residual.mean())
NONE_SEEN = FamilyCount("new", 0, 0)


def measurements(beliefs: Beliefs = BELIEFS, **changed: Any) -> tuple[Candidate, ...]:
    inputs = INPUTS if beliefs is BELIEFS else drawn(beliefs, 2000, 41)
    asked = {"weight": 1.0, "decision_level": 0.0165, "networks": 10, **changed}
    return next_measurements(inputs, beliefs, cpu_seconds=COSTS, access="weights", **asked)


def find(found: tuple[Candidate, ...], misalignment: str, family: str | None) -> Candidate:
    (one,) = (c for c in found if (c.misalignment, c.family) == (misalignment, family))
    return one


def with_more(family: str | None, detected: int, networks: int) -> FamilyPosterior:
    """The posterior of proxy after a measurement."""
    seen = {one.family: one for one in COUNTS["proxy"]}
    now = seen.get(family or "another", NONE_SEEN)
    more = FamilyCount(family or "another", now.detected + detected, now.of + networks)
    return posterior([*(seen | {more.family: more}).values()])


def success_of(seen: FamilyPosterior, generator: np.random.Generator, name: str = "proxy") -> float:
    """E of detection times the correction given it, by drawing."""
    rates = seen.draws(generator, 400_000)
    law = given(beta_from_interval(*FIGURES.types[name].success))
    return float((rates * np.interp(rates, DETECTIONS, law.means)).mean())


@cache
def proxy_success() -> float:
    return success_of(PROXY, np.random.default_rng(44))


def risk_with(seen: FamilyPosterior) -> float:
    """E[R] at weight 1 with proxy at that posterior."""
    harm = harm_by_type(INPUTS, 1.0)[:, 0].mean()
    return float(NOW - harm * (success_of(seen, np.random.default_rng(44)) - proxy_success()))


@pytest.mark.parametrize("family", [None, "family-0", "family-2"])
def test_outcomes_leave_the_posterior_of_the_added_counts(family: str | None) -> None:
    seen = next((c for c in COUNTS["proxy"] if c.family == family), NONE_SEEN)
    odds, after = _outcomes(PROXY.weights, seen, 6)
    for detected in range(7):
        expected = with_more(family, detected, 6).weights
        np.testing.assert_allclose(after[detected], expected, atol=1e-12)
    assert odds.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(_outcomes(_PRIOR, NONE_SEEN, 1)[0], 0.5, err_msg="the prior is even")


def test_widths_agree_with_the_family_posterior() -> None:
    networks = 3
    odds, _ = _outcomes(PROXY.weights, NONE_SEEN, networks)
    after = [with_more(None, k, networks).interval() for k in range(networks + 1)]
    found = find(measurements(networks=networks), "proxy", None)
    low, high = PROXY.interval()
    assert found.width_now == pytest.approx(high - low, abs=0.002)
    expected = sum(p * (high - low) for p, (low, high) in zip(odds, after, strict=True))
    assert found.width_after == pytest.approx(expected, abs=0.002)


def test_a_new_family_narrows_more_than_more_of_a_seen_one() -> None:
    found = measurements(networks=20)
    for name in COUNTS:
        new = find(found, name, None)
        for count in COUNTS[name]:
            more = find(found, name, count.family)
            assert new.width_now - new.width_after > 1.5 * (more.width_now - more.width_after)
            assert new.width_now == more.width_now


def test_every_type_has_a_new_family_and_every_seen_family_more_at_their_cost() -> None:
    found = measurements()
    expected = [(name, None) for name in MISALIGNMENT_TYPES]
    expected += [(name, count.family) for name, seen in COUNTS.items() for count in seen]
    assert sorted(map(str, expected)) == sorted(str((c.misalignment, c.family)) for c in found)
    assert {(one.access, one.networks) for one in found} == {("weights", 10)}
    for name, seconds in (("proxy", 160), ("deceptive", 360), ("subgoal", 260), ("pseudo", 260)):
        one = find(found, name, None)
        assert one.cpu_hours == pytest.approx(10 * seconds / 3600)
        assert one.value_per_cpu_hour == pytest.approx(one.value / one.cpu_hours)


@pytest.mark.parametrize("family", [None, "family-1"])
def test_value_agrees_with_simulated_measurements(family: str | None) -> None:
    """Draw a cell, a family rate and a count; decide by the posterior after it."""
    networks, level, simulations = 8, NOW * 0.9999, 200_000
    generator = np.random.default_rng(42)
    cell = generator.choice(CELLS**2, p=PROXY.weights.ravel(), size=simulations)
    mean, rho = (cell // CELLS + 0.5) / CELLS, (cell % CELLS + 0.5) / CELLS
    size = (1 - rho) / rho
    seen = next((c for c in COUNTS["proxy"] if c.family == family), NONE_SEEN)
    rate = generator.beta(mean * size + seen.detected, (1 - mean) * size + seen.of - seen.detected)
    counts = generator.binomial(networks, rate)
    risks = np.array([risk_with(with_more(family, k, networks)) for k in range(networks + 1)])
    gains = np.maximum(0, level - risks[counts]) - max(0, level - NOW)
    found = find(measurements(decision_level=level, networks=networks), "proxy", family)
    error = gains.std() / np.sqrt(simulations)
    assert found.value > 10 * error
    # The success after each outcome is drawn too, with an error of 1e-6 of the risk or so.
    assert found.value == pytest.approx(gains.mean(), abs=4 * error + 2e-6)


def test_the_most_valuable_hour_comes_first_and_more_networks_are_worth_more() -> None:
    values = [one.value_per_cpu_hour for one in measurements(decision_level=NOW)]
    assert values[0] > 0
    assert values == sorted(values, reverse=True)
    few, more, many = (measurements(decision_level=NOW * 0.999, networks=n) for n in (1, 5, 25))
    values = [find(found, "proxy", None).value for found in (few, more, many)]
    assert 0 < values[0] < values[1] < values[2]


def test_weight_zero_and_a_level_out_of_reach_make_every_measurement_worthless() -> None:
    for level in (-1.0, 0.0, 0.9):
        assert all(one.value == 0 for one in measurements(decision_level=level))
    for level in (0.5 * NOW, NOW, 2 * NOW):
        found = measurements(weight=0.0, decision_level=level)
        assert all(one.value == 0 for one in found)
    narrowing = [(one.width_now - one.width_after) / one.cpu_hours for one in found]
    assert narrowing == sorted(narrowing, reverse=True)
    assert narrowing[0] > 0


def test_a_type_not_measured_is_compared_with_the_uniform_prior() -> None:
    harm = harm_by_type(INPUTS, 1.0)[:, 1].mean()
    generator = np.random.default_rng(45)
    first = [posterior([FamilyCount("new", k, 1)]) for k in (0, 1)]
    means = [success_of(one, generator, "subgoal") for one in first]
    # The prior is the even mixture of what either outcome leaves.
    now = NOW + harm * (INPUTS.success[:, 1].mean() - np.mean(means))
    gain = harm * (means[1] - means[0]) / 4
    one = find(measurements(decision_level=float(now), networks=1), "subgoal", None)
    assert one.value == pytest.approx(gain, rel=0.02)
    assert _PRIOR.sum() == pytest.approx(1)


def test_every_type_has_one_candidate_without_measurement_and_none_supposed_known() -> None:
    found = measurements(Beliefs(FIGURES))
    assert [one.family for one in found] == [None] * 4
    (width,) = {one.width_now for one in found}
    assert 0.95 < width < 1, "the prior of p* is symmetric, with much weight on all or nothing"
    for name in ("proxy", "pseudo"):
        supposed = Beliefs(FIGURES, posteriors(COUNTS), supposed={f"detect.{name}": 0.7})
        kinds = {one.misalignment for one in measurements(supposed)}
        assert kinds == set(MISALIGNMENT_TYPES) - {name}
