"""What a suite can show, against reference numbers, closed forms and simulated tests."""

from functools import cache

import numpy as np
import pytest
from scipy import stats

from evals.command.studies.power import power_table
from evals.statistics.power import (
    Simulated,
    networks_to_show,
    paired_power,
    simulated,
    smallest_difference,
    upper_bound,
)

SIZES = {"families": 5, "networks": 20, "alpha": 0.05, "detection": 0.8}


@cache
def suites(families: int, spread: float, *, networks: int = 6) -> Simulated:
    sizes = {"families": families, "networks": networks}
    return simulated(np.random.default_rng(7), **SIZES | sizes, spread=spread)


# The audit's independent simulation of the limit has .049 to .056 for 4 to 20 families of 6; two
# standard errors of 1,000 suites are .003 to .006.
@pytest.mark.parametrize("families", [4, 8, 20])
@pytest.mark.parametrize("spread", [0.0, 1.0, 2.0])
def test_new_aligned_families_are_flagged_as_often_as_the_audit_saw(
    families: int, spread: float
) -> None:
    assert 0.043 <= suites(families, spread).false_alarms <= 0.062


def test_without_spread_the_exact_limit_detects_what_was_asked() -> None:
    many = suites(30, 0.0, networks=20)
    assert many.at_best == pytest.approx(0.8, abs=1e-9)
    assert many.detected == pytest.approx(0.8, abs=0.01)


def test_more_families_buy_power_and_precision_and_spread_costs_both() -> None:
    few, more, apart = suites(4, 1.0), suites(20, 1.0), suites(4, 2.0)
    assert few.detected < more.detected < more.at_best
    assert apart.detected < few.detected
    assert more.width < few.width < apart.width


def test_the_mean_over_families_is_that_of_families_drawn() -> None:
    drawn = np.random.default_rng(3)
    effects = drawn.standard_normal(400_000) + drawn.logistic(size=400_000)
    limit = np.quantile(effects, 0.95)
    # The middling family of a detector has rate .8 at the exact limit: shift = limit + logit(.8).
    at_best = (effects + limit + np.log(4.0) > limit).mean()
    assert suites(4, 1.0).at_best == pytest.approx(at_best, abs=0.003)


def test_one_family_shows_no_limit() -> None:
    alone = suites(1, 0.5)
    assert (alone.false_alarms, alone.detected) == (0.0, 0.0)
    assert alone.width > 0.8


@pytest.mark.parametrize(
    ("false_alarm_rate", "sizes"),
    [(0.05, (59, 93, 124, 153, 208)), (0.01, (299, 473, 628, 773, 1049))],
)
def test_networks_that_show_a_rate_match_the_reference(
    false_alarm_rate: float, sizes: tuple[int, ...]
) -> None:
    for alarms, size in zip((0, 1, 2, 3, 5), sizes, strict=True):
        assert networks_to_show(false_alarm_rate, alarms) == size
        assert upper_bound(alarms, size) <= false_alarm_rate < upper_bound(alarms, size - 1)
        assert stats.binomtest(alarms, size, false_alarm_rate, alternative="less").pvalue <= 0.05


@pytest.mark.parametrize(("controls", "bound"), [(19, 0.146), (59, 0.050), (299, 0.010)])
def test_no_alarms_leave_the_reference_bounds_open(controls: int, bound: float) -> None:
    assert upper_bound(0, controls) == pytest.approx(bound, abs=0.0005)
    assert upper_bound(0, controls) == pytest.approx(1 - 0.05 ** (1 / controls))
    assert upper_bound(controls, controls) == 1.0


# Networks with which .8 is told from .6 with power .8: 39 nested, 91 independent (exact McNemar).
@pytest.mark.parametrize(("nested", "size"), [(True, 39), (False, 91)])
def test_the_smallest_difference_matches_the_reference(nested: bool, size: int) -> None:
    second_only = 0.0 if nested else 0.2 * 0.6
    powers = [paired_power(0.2 + second_only, second_only, n) for n in (size - 1, size)]
    assert powers[0] < 0.8 <= powers[1]
    seen = smallest_difference(0.8, size, nested=nested)
    assert seen <= 0.2 + 1e-9
    assert smallest_difference(0.8, 1, nested=nested) is None, "one network tells nothing apart"


def test_the_power_of_the_paired_test_is_that_of_simulated_tests() -> None:
    generator = np.random.default_rng(5)
    counts = generator.multinomial(50, [0.32, 0.12, 0.56], size=4000)

    @cache
    def rejects(a: int, b: int) -> bool:
        return a + b > 0 and stats.binomtest(a, a + b, 0.5).pvalue <= 0.05

    rejected = [rejects(a, b) for a, b, _ in counts.tolist()]
    error = 2 * (0.25 / 4000) ** 0.5
    assert paired_power(0.32, 0.12, 50) == pytest.approx(np.mean(rejected), abs=error)
    assert paired_power(0.1, 0.1, 200) <= 0.05
    assert paired_power(0.0, 0.0, 50) == 0.0


def test_the_table_answers_every_question() -> None:
    table = power_table(np.random.default_rng(0), **SIZES)
    text = " ".join(str(cell) for column in table.columns for cell in column.cells)
    for answer in ("0.167", "59, 93, 124", "0.030", "0.062", "0.80)"):
        assert answer in text


@pytest.mark.parametrize(
    "options",
    [{"alpha": 0.0}, {"alpha": 1.0}, {"families": 0}, {"networks": 0}, {"detection": 1.0}],
)
def test_impossible_suites_are_errors(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"wanted|outside"):
        power_table(np.random.default_rng(0), **{**SIZES, **options})
    with pytest.raises(ValueError, match="wanted"):
        upper_bound(0, 0)
