"""Risk before and after a measurement, against the worked example and its monotonicity."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import pytest
from worked_example import EXAMPLE, FIGURES, drawn, families, frozen_rho, posterior, posteriors

from evals.risk.decomposition import Inputs, draw_inputs, evaluate, sample_cube
from evals.risk.figures import HORIZONS, MISALIGNMENT_TYPES, Beliefs, QuestionError, parse_what_if
from evals.risk.update import NOT_MEASURED, RiskRow, TypeUpdate, risk_rows, type_updates
from evals.statistics.family_posterior import FamilyCount

TABULATED = 1e-4
"""Relative error of success read off a table linearly; the law itself is monotone."""


Found = tuple[dict[tuple[str, float], RiskRow], dict[str, TypeUpdate]]
"""Rows by scenario and weight, and types by name."""


def run(
    counts: dict[str, list[FamilyCount]],
    draws: int = 4000,
    weights: Sequence[float] = (0.0, 0.2, 1.0),
    what_if: Mapping[str, float] | None = None,
    given: bool = True,
) -> Found:
    beliefs = Beliefs(FIGURES, posteriors(counts), supposed=what_if or {}, given=given)
    every = draw_inputs(sample_cube(np.random.default_rng(101), draws), beliefs)
    one = every["near_term"]
    rows = (row for name, part in every.items() for row in risk_rows(name, part, weights))
    types = type_updates(
        one, beliefs, weight=0.2, judged=one, independent=one, upper={}, caveats={}
    )
    return {(r.scenario, r.weight): r for r in rows}, {kind.misalignment: kind for kind in types}


@pytest.fixture(scope="module")
def example() -> Found:
    """The worked example, whose figures hold for correction independent of detection."""
    return run(EXAMPLE, draws=100_000, weights=(0.0, 0.2, 0.5, 1.0), given=False)


def test_worked_example_and_a_mean_that_is_linear_in_the_weight(example: Found) -> None:
    for horizon in HORIZONS:
        rows = {weight: example[0][horizon, weight] for weight in (0.0, 0.2, 0.5, 1.0)}
        for weight, mean, low, high in (
            (0.0, 0.461, 0.384, 0.538),
            (0.2, 0.465, 0.366, 0.567),
            (0.5, 0.471, 0.338, 0.667),
            (1.0, 0.481, 0.310, 0.762),
        ):
            fraction = rows[weight].fraction
            assert fraction.mean == pytest.approx(mean, abs=0.0015)
            assert fraction.q05 == pytest.approx(low, abs=0.004)
            assert fraction.q95 == pytest.approx(high, abs=0.006)
            expected = (1 - weight) * rows[0.0].residual.mean + weight * rows[1.0].residual.mean
            assert rows[weight].residual.mean == pytest.approx(expected, abs=1e-12)


def test_everything_and_nothing_detected() -> None:
    for detected, pooled, measured in ((20, 0.435, 0.333), (0, 0.556, 0.940)):
        counts = {name: families(*[detected] * 5) for name in MISALIGNMENT_TYPES}
        rows, _ = run(counts, draws=30_000, given=False)
        assert rows["current", 0.2].fraction.mean == pytest.approx(pooled, abs=0.003)
        assert rows["current", 1.0].fraction.mean == pytest.approx(measured, abs=0.005)


def test_unmeasured_type_is_flagged_and_two_families_are_called_uninformative() -> None:
    _, types = run({"proxy": families(10, 10), "pseudo": families(0, 0, of=0)})
    assert "40 networks of 2 families" in types["proxy"].flags[0]
    assert types["proxy"].measured_detection.q05 == pytest.approx(0.054, abs=0.005)
    for record in (types["subgoal"], types["pseudo"], types["deceptive"]):
        assert record.flags == (NOT_MEASURED,)
        assert record.measured_detection is None
        assert (record.families, record.detected, record.of) == (0, 0, 0)


def test_records_hold_judged_and_measured_detection(example: Found) -> None:
    assert list(example[1]) == list(MISALIGNMENT_TYPES)
    deceptive = example[1]["deceptive"]
    assert (deceptive.families, deceptive.detected, deceptive.of) == (3, 25, 60)
    assert deceptive.judged_success.q05 == pytest.approx(0.05, abs=0.003)
    assert deceptive.judged_detection.q50 == pytest.approx(0.34, abs=0.006)
    assert deceptive.measured_detection.mean == pytest.approx(0.431, abs=0.005)
    assert deceptive.measured_detection.q95 == pytest.approx(0.988, abs=0.005)
    assert deceptive.flags == ()


def test_risk_never_rises_with_any_count_at_fixed_rho() -> None:
    def residuals(counts: dict[str, list[FamilyCount]]) -> np.ndarray:
        seen = {n: frozen_rho(of_type, posterior(EXAMPLE[n])) for n, of_type in counts.items()}
        inputs = drawn(Beliefs(FIGURES, seen), 3000, 103)
        found = [evaluate(inputs, weight) for weight in (0.2, 1.0)]
        for one in found:
            assert np.all(one.residual <= one.unmitigated * (1 + 1e-12))
            assert np.all(one.unmitigated <= 1)
        return np.stack([one.residual for one in found])

    base = residuals(EXAMPLE)
    for name, counts in EXAMPLE.items():
        for i, count in enumerate(counts):
            if count.detected < count.of:
                more = list(counts)
                more[i] = FamilyCount(count.family, count.detected + 1, count.of)
                assert np.all(residuals(EXAMPLE | {name: more}) <= base * (1 + TABULATED))


def test_supposed_detection_tells_of_correction_what_the_split_says() -> None:
    """Certain detection: success is E[c | d = 1] = .134, not .37 as of correction apart."""
    for supposed, given, mean, within in (
        ("detect.deceptive", True, 0.134, 0.003),
        ("detect.deceptive", False, 0.374, 0.005),
        ("correct.deceptive", True, 0.134, 0.003),  # the halves are exchangeable
    ):
        _, types = run({}, 40_000, what_if={supposed: 1.0}, given=given)
        assert types["deceptive"].judged_success.mean == pytest.approx(mean, abs=within)


@cache
def all_detect(detected: int, *, given: bool) -> Inputs:
    """Three families of every type detect so many of 20."""
    seen = posterior(families(*[detected] * 3))
    every = dict.fromkeys(MISALIGNMENT_TYPES, seen)
    return drawn(Beliefs(FIGURES, every, given=given), 4000, 101, "current")


def steps(weight_of: Callable[[int], float], *, given: bool) -> np.ndarray:
    """Steps of the mean residual fraction as all detect 0, 2 .. 20, at a weight for each."""
    counts = ((all_detect(n, given=given), weight_of(n)) for n in range(0, 21, 2))
    rows = (risk_rows("", inputs, [weight])[0] for inputs, weight in counts)
    return np.diff([row.fraction.mean for row in rows])


def test_more_detection_never_raises_the_risk_but_where_the_weight_falls_with_conflict() -> None:
    for weight in (0.2, 1.0):
        assert np.all(steps(lambda _, weight=weight: weight, given=False) < 0)
    # Relevance read off the data: detection far from the judged .5 is trusted less.
    found = steps(lambda k: max(0.0, 0.9 - abs(k / 20 - 0.5) * 1.8), given=False)
    assert np.any(found > 0.005), "the same sweep finds the fault"


def test_given_detection_only_a_perfect_count_can_raise_the_risk() -> None:
    """18 of 20 in every family pin down how alike families are, 20 of 20 leave it to the prior.

    Success given detection is flat above .8 or so, so the lower tail that the prior then allows
    costs more than the higher mean gains. At any fixed likeness no count raises the risk (above).
    """
    found = steps(lambda _: 1.0, given=True)
    assert np.all(found[:-1] < 0)
    assert 0 < found[-1] < 0.02


def test_perfect_detection_of_one_type_leaves_the_stated_fraction() -> None:
    stated = {"proxy": 0.393, "subgoal": 0.404, "pseudo": 0.415, "deceptive": 0.442}
    for name, fraction in stated.items():
        rows, types = run({}, draws=40_000, what_if={f"detect.{name}": 1.0}, given=False)
        assert rows["current", 0.0].fraction.mean == pytest.approx(fraction, abs=0.002)
        assert any(f"detect.{name}" in flag for flag in types[name].flags)
        assert NOT_MEASURED not in types[name].flags, "it does not stay at its judged value"


def test_a_supposition_outlives_a_sweep() -> None:
    swept = posterior(families(15, 3))
    supposed = {"emergence": 0.25, "misaligned": 0.5}
    beliefs = Beliefs(FIGURES, emergence=swept, misaligned=swept, supposed=supposed)
    for horizon in HORIZONS:
        one = drawn(beliefs, 2000, 104, horizon)
        judged, measured = (evaluate(one, end) for end in (0.0, 1.0))
        np.testing.assert_array_equal(judged.unmitigated, measured.unmitigated)


def test_a_supposition_holds_at_every_weight_and_moves_nothing_else() -> None:
    every = {f"{half}.{n}": 1.0 for half in ("detect", "correct") for n in MISALIGNMENT_TYPES}
    (safe, _), (absent, _), (usual, _) = (
        run(EXAMPLE, what_if=supposed) for supposed in (every, {"emergence": 0.0}, {})
    )
    for at, row in usual.items():
        assert safe[at].residual.mean == 0 < safe[at].unmitigated.mean
        assert absent[at].unmitigated.mean == absent[at].residual.mean == 0
        assert absent[at].fraction == row.fraction


def test_suppositions_are_read_and_impossible_ones_refused() -> None:
    supposed = parse_what_if(["detect.deceptive=0.8", " emergence = 0.3"])
    assert supposed == {"detect.deceptive": 0.8, "emergence": 0.3}
    assert not parse_what_if([])
    for words, word in (
        ("detect.deceptiv=0.8", "detect.deceptiv"), ("detect.deceptive", "NUMBER"),
        ("detect.deceptive=often", "NUMBER"), ("detect.deceptive=1.2", "probability"),
        ("detect.deceptive=nan", "probability"), ("emergence=0.1 emergence=0.2", "both"),
    ):  # fmt: skip
        with pytest.raises(QuestionError, match=word):
            Beliefs(FIGURES, supposed=parse_what_if(words.split()))
