"""The next measurement against simulation, the family posterior and simple economics."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from evals.family_posterior import CELLS, FamilyCount, FamilyPosterior, family_posterior
from evals.risk import (
    MISALIGNMENT_TYPES,
    Beliefs,
    Inputs,
    SeverityLink,
    WhatIf,
    draw_inputs,
    evaluate,
    load_figures,
    sample_cube,
    scenario,
)
from evals.risk import next_measurement as module
from evals.risk.candidate import Candidate, Costs
from evals.risk.next_measurement import expected_risk, next_measurements

LINK = SeverityLink()
COSTS = Costs({"proxy": 100.0, "deceptive": 300.0}, 60.0)
FIGURES = load_figures()
NEAR = scenario(FIGURES, "near_term")


def families(*detected: int, of: int = 20) -> tuple[FamilyCount, ...]:
    return tuple(FamilyCount(f"family-{i}", k, of) for i, k in enumerate(detected))


COUNTS = {"proxy": families(12, 7, 16), "deceptive": families(9, 1, 15)}


def posteriors(
    counts: Mapping[str, tuple[FamilyCount, ...]] = COUNTS,
) -> dict[str, FamilyPosterior | None]:
    return {name: family_posterior(seen) for name, seen in counts.items()}


def drawn(detection: Mapping[str, FamilyPosterior | None], what_if: WhatIf | None = None) -> Inputs:
    beliefs = Beliefs(FIGURES, detection, what_if=what_if or WhatIf())
    return draw_inputs(sample_cube(np.random.default_rng(41), 2000), beliefs, (NEAR,))["near_term"]


INPUTS = drawn(posteriors())


def measurements(
    inputs: Inputs = INPUTS,
    detection: Mapping[str, FamilyPosterior | None] | None = None,
    *,
    weight: float = 1.0,
    decision_level: float = 0.0165,
    costs: Costs = COSTS,
    networks: int = 10,
) -> tuple[Candidate, ...]:
    return next_measurements(
        inputs,
        LINK,
        posteriors() if detection is None else detection,
        weight=weight,
        decision_level=decision_level,
        costs=costs,
        access="weights",
        networks=networks,
    )


def find(found: tuple[Candidate, ...], misalignment: str, family: str | None) -> Candidate:
    (one,) = (c for c in found if (c.misalignment, c.family) == (misalignment, family))
    return one


def risk_with(means: Mapping[str, float], weight: float = 1.0) -> float:
    """E[R] with detection of the types at their means, by evaluating every draw."""
    measured = INPUTS.measured.copy()
    for name, mean in means.items():
        measured[:, MISALIGNMENT_TYPES.index(name)] = mean
    moved = replace(INPUTS, measured=measured)
    ends = [evaluate(moved, LINK, end).residual.mean() for end in (0.0, 1.0)]
    return float((1 - weight) * ends[0] + weight * ends[1])


def means_now() -> dict[str, float]:
    return {name: posterior.mean for name, posterior in posteriors().items() if posterior}


def with_more(family: str | None, detected: int, networks: int) -> FamilyPosterior:
    """The posterior of proxy after a measurement."""
    seen = list(COUNTS["proxy"])
    if family is None:
        seen.append(FamilyCount("another", detected, networks))
    else:
        seen = [
            FamilyCount(family, one.detected + detected, one.of + networks)
            if one.family == family
            else one
            for one in seen
        ]
    posterior = family_posterior(seen)
    assert posterior is not None
    return posterior


@pytest.mark.parametrize("family", [None, "family-0", "family-2"])
def test_outcomes_leave_the_posterior_of_the_added_counts(family: str | None) -> None:
    now = family_posterior(COUNTS["proxy"])
    assert now is not None
    seen = next((c for c in COUNTS["proxy"] if c.family == family), FamilyCount("new", 0, 0))
    odds, after = module._outcomes(now.weights, seen, 6)
    for detected in range(7):
        expected = with_more(family, detected, 6).weights
        np.testing.assert_allclose(after[detected], expected, atol=1e-12)
    assert odds.sum() == pytest.approx(1, abs=1e-12)


def test_the_first_count_of_one_network_is_even_under_the_uniform_prior() -> None:
    odds, _ = module._outcomes(module._PRIOR, FamilyCount("new", 0, 0), 1)
    np.testing.assert_allclose(odds, 0.5)


@pytest.mark.parametrize("family", [None, "family-1"])
@pytest.mark.parametrize("weight", [0.2, 1.0])
def test_expected_risk_is_a_martingale(family: str | None, weight: float) -> None:
    now = family_posterior(COUNTS["proxy"])
    assert now is not None
    seen = next((c for c in COUNTS["proxy"] if c.family == family), FamilyCount("new", 0, 0))
    odds, _ = module._outcomes(now.weights, seen, 10)
    level, slope = module._lines(
        INPUTS, LINK, {**dict.fromkeys(MISALIGNMENT_TYPES), **posteriors()}, weight
    )["proxy"]
    after = [level - slope * with_more(family, k, 10).mean for k in range(11)]
    assert odds @ after == pytest.approx(risk_with(means_now(), weight), abs=1e-9)


@pytest.mark.parametrize("family", [None, "family-1"])
def test_value_agrees_with_simulated_measurements(family: str | None) -> None:
    """Draw a cell, a family rate and a count; decide by the posterior after it."""
    networks, level, simulations = 8, risk_with(means_now()) * 0.9999, 200_000
    generator = np.random.default_rng(42)
    now = family_posterior(COUNTS["proxy"])
    assert now is not None
    cell = generator.choice(CELLS**2, p=now.weights.ravel(), size=simulations)
    mean, rho = (cell // CELLS + 0.5) / CELLS, (cell % CELLS + 0.5) / CELLS
    size = (1 - rho) / rho
    seen = next((c for c in COUNTS["proxy"] if c.family == family), FamilyCount("new", 0, 0))
    rate = generator.beta(mean * size + seen.detected, (1 - mean) * size + seen.of - seen.detected)
    counts = generator.binomial(networks, rate)
    risks = np.array(
        [
            risk_with(means_now() | {"proxy": with_more(family, k, networks).mean})
            for k in range(networks + 1)
        ]
    )
    gains = np.maximum(0, level - risks[counts]) - max(0, level - risk_with(means_now()))
    found = find(measurements(decision_level=level, networks=networks), "proxy", family)
    error = gains.std() / np.sqrt(simulations)
    assert found.value > 10 * error
    assert found.value == pytest.approx(gains.mean(), abs=4 * error)


def test_widths_agree_with_the_family_posterior() -> None:
    networks = 3
    odds, _ = module._outcomes(posteriors()["proxy"].weights, FamilyCount("new", 0, 0), networks)
    after = [with_more(None, k, networks).interval() for k in range(networks + 1)]
    found = find(measurements(networks=networks), "proxy", None)
    low, high = posteriors()["proxy"].interval()
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


def test_every_type_has_a_new_family_and_every_seen_family_more() -> None:
    found = measurements()
    expected = {(name, None) for name in MISALIGNMENT_TYPES}
    expected |= {(name, count.family) for name, seen in COUNTS.items() for count in seen}
    assert {(one.misalignment, one.family) for one in found} == expected
    assert len(found) == len(expected)
    assert {(one.access, one.networks) for one in found} == {("weights", 10)}


def test_costs_are_of_training_and_scoring() -> None:
    found = measurements()
    for name, seconds in (("proxy", 160), ("deceptive", 360), ("subgoal", 260), ("pseudo", 260)):
        one = find(found, name, None)
        assert one.cpu_hours == pytest.approx(10 * seconds / 3600)
        assert one.value_per_cpu_hour == pytest.approx(one.value / one.cpu_hours)


def test_double_costs_halve_the_value_per_hour() -> None:
    dear = measurements(costs=Costs({"proxy": 200.0, "deceptive": 600.0}, 120.0))
    for one in measurements():
        other = find(dear, one.misalignment, one.family)
        assert other.value == one.value
        assert other.value_per_cpu_hour == pytest.approx(one.value_per_cpu_hour / 2)


def test_the_most_valuable_hour_comes_first() -> None:
    found = measurements(decision_level=risk_with(means_now()))
    values = [one.value_per_cpu_hour for one in found]
    assert values[0] > 0
    assert values == sorted(values, reverse=True)


def test_more_networks_are_worth_more() -> None:
    level = risk_with(means_now()) * 0.99
    values = [
        find(measurements(decision_level=level, networks=n), "proxy", None).value
        for n in (1, 5, 25)
    ]
    assert 0 < values[0] < values[1] < values[2]


def test_weight_zero_makes_every_measurement_worthless() -> None:
    judged = evaluate(INPUTS, LINK, 0.0).residual.mean()
    for level in (0.5 * judged, float(judged), 2 * judged):
        found = measurements(weight=0.0, decision_level=level)
        assert all(one.value == 0 for one in found)
        assert all("transport weight 0" in one.note for one in found)
    narrowing = [(one.width_now - one.width_after) / one.cpu_hours for one in found]
    assert narrowing == sorted(narrowing, reverse=True)
    assert narrowing[0] > 0


@pytest.mark.parametrize("level", [-1.0, 0.0, 0.9])
def test_a_level_out_of_reach_makes_every_measurement_worthless(level: float) -> None:
    found = measurements(decision_level=level)
    assert all(one.value == 0 and "no outcome changes" in one.note for one in found)


def test_a_type_not_measured_is_compared_with_the_uniform_prior() -> None:
    base = risk_with(means_now() | {"subgoal": 0.5})
    found = find(measurements(decision_level=base), "subgoal", None)
    assert "not measured so far" in found.note
    odds = np.full(2, 0.5)
    first = [family_posterior([FamilyCount("new", k, 1)]) for k in (0, 1)]
    risks = np.array([risk_with(means_now() | {"subgoal": one.mean}) for one in first if one])
    expected = odds @ np.maximum(0, base - risks)
    one = find(measurements(decision_level=base, networks=1), "subgoal", None)
    assert one.value == pytest.approx(expected, rel=1e-6)
    # One network leaves the mean at 1/2 +- Var(m) + E[m (1 - m)] rho = 1/2 +- 1/12 at rho 1/2.
    assert risks[0] - risks[1] > 0
    assert not find(measurements(decision_level=base), "proxy", None).note


def test_without_any_measurement_every_type_has_one_candidate() -> None:
    found = measurements(drawn({}), {})
    assert [one.family for one in found] == [None] * 4
    widths = {one.width_now for one in found}
    # p* has a symmetric prior with much weight on all or nothing.
    assert len(widths) == 1
    assert 0.95 < widths.pop() < 1


def test_a_type_supposed_known_has_no_candidate() -> None:
    for name in ("proxy", "pseudo"):
        inputs = drawn(posteriors(), WhatIf({f"detect.{name}": 0.7}))
        found = measurements(inputs, decision_level=0.015)
        assert {one.misalignment for one in found} == set(MISALIGNMENT_TYPES) - {name}


def test_a_supposition_enters_the_risk_of_the_other_types() -> None:
    inputs = drawn(posteriors(), WhatIf({"detect.proxy": 0.7}))
    shared = {**dict.fromkeys(MISALIGNMENT_TYPES), **posteriors()}
    level, slope = module._lines(inputs, LINK, shared, 1.0)["deceptive"]
    expected = risk_with({"proxy": 0.7, "deceptive": 0.25})
    assert level - slope * 0.25 == pytest.approx(expected, rel=1e-12)


def test_a_measured_sweep_enters_the_risk() -> None:
    sweep = family_posterior(families(2, 3, 1))
    beliefs = Beliefs(FIGURES, posteriors(), emergence=sweep, misaligned=sweep)
    inputs = draw_inputs(sample_cube(np.random.default_rng(43), 500), beliefs, (NEAR,))["near_term"]
    measured = inputs.measured.copy()
    measured[:, [0, 3]] = [0.3, means_now()["deceptive"]]
    expected = evaluate(replace(inputs, measured=measured), LINK, 1.0).residual.mean()
    shared = {**dict.fromkeys(MISALIGNMENT_TYPES), **posteriors()}
    level, slope = module._lines(inputs, LINK, shared, 1.0)["proxy"]
    assert level - slope * 0.3 == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("networks", [0, -1])
def test_a_measurement_needs_networks(networks: int) -> None:
    with pytest.raises(ValueError, match=f"got {networks} networks"):
        measurements(networks=networks)


@pytest.mark.parametrize("level", [np.nan, np.inf])
def test_a_decision_level_must_be_finite(level: float) -> None:
    with pytest.raises(ValueError, match="decision level"):
        measurements(decision_level=level)


def test_inputs_of_other_posteriors_are_refused() -> None:
    with pytest.raises(ValueError, match="unlike the posteriors"):
        measurements(INPUTS, {})
    with pytest.raises(ValueError, match="unlike the posteriors"):
        measurements(drawn({}), posteriors())


@pytest.mark.parametrize("seconds", [0.0, -1.0, np.nan, np.inf])
def test_an_organism_costs_something(seconds: float) -> None:
    with pytest.raises(ValueError, match="organism of type proxy"):
        Costs({"proxy": seconds}, 1.0)


def test_costs_check_themselves() -> None:
    assert Costs({"proxy": 36.0}, 0.0).cpu_hours("pseudo", 100) == 1
    for scoring in (-1.0, np.nan):
        with pytest.raises(ValueError, match="scoring"):
            Costs({"proxy": 1.0}, scoring)
    with pytest.raises(ValueError, match="organism costs"):
        Costs({}, 1.0)
    with pytest.raises(ValueError, match="decptive"):
        Costs({"decptive": 1.0}, 1.0)


def test_a_candidate_checks_itself() -> None:
    with pytest.raises(ValueError, match="candidate"):
        Candidate("proxy", None, "weights", 10, 1.0, -0.1, 0.5, 0.5, -0.1, "")


@pytest.mark.parametrize("weight", [0.0, 0.2, 1.0])
def test_expected_risk_puts_detection_at_its_mean(weight: float) -> None:
    found = expected_risk(INPUTS, LINK, posteriors(), weight=weight)
    assert found == pytest.approx(risk_with(means_now(), weight), abs=1e-12)
    assert expected_risk(drawn({}), LINK, {}, weight=weight) is None
