"""Half-widths for families seen, against reference numbers, other intervals and simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from evals.precision import half_widths, networks_for_margin
from evals.rates import rate


@pytest.mark.parametrize(
    ("expected", "exact", "jeffreys"),
    [(0.5, 76, 66), (0.7, 65, 56), (0.8, 51, 44), (0.9, 32, 27), (0.95, 22, 17)],
)
def test_networks_for_ten_points_match_the_reference(
    expected: float, exact: int, jeffreys: int
) -> None:
    assert networks_for_margin(expected, 0.1) == exact
    assert networks_for_margin(expected, 0.1, kind="jeffreys") == jeffreys


# At .9 the reference has 42 / 33, the first sizes that are narrow enough. They do not last: 45 and
# 36 networks are too few again, by rounding of the expected count.
@pytest.mark.parametrize(
    ("expected", "exact", "jeffreys"), [(0.5, 104, 94), (0.8, 70, 60), (0.9, 46, 37)]
)
def test_networks_for_ten_points_at_95_percent(expected: float, exact: int, jeffreys: int) -> None:
    assert networks_for_margin(expected, 0.1, level=0.95) == exact
    assert networks_for_margin(expected, 0.1, level=0.95, kind="jeffreys") == jeffreys


def test_the_first_narrow_size_at_95_percent_is_the_reference() -> None:
    of = np.arange(1.0, 200.0)
    for first, again, kind in ((42, 45, "clopper_pearson"), (33, 36, "jeffreys")):
        narrow = half_widths(np.round(0.9 * of), of, level=0.95, kind=kind) <= 0.1
        assert of[narrow][0] == first
        assert not narrow[of == again].any()


def test_half_widths_are_those_of_the_rates_and_of_the_beta_quantiles() -> None:
    detected = np.array([0.0, 1.0, 7.0, 19.0, 20.0])
    of = np.full(5, 20.0)
    for level in (0.9, 0.95):
        intervals = [rate(int(count), 20, level=level).interval for count in detected]
        expected = [(high - low) / 2 for low, high in intervals if high > low]
        np.testing.assert_allclose(half_widths(detected, of, level=level), expected, atol=1e-12)
    beta = stats.beta(7.5, 13.5)
    jeffreys = half_widths(detected, of, kind="jeffreys")
    assert jeffreys[2] == pytest.approx((beta.ppf(0.95) - beta.ppf(0.05)) / 2)
    assert jeffreys[0] == pytest.approx(stats.beta(0.5, 20.5).ppf(0.95) / 2)
    assert np.all(jeffreys <= half_widths(detected, of) + 1e-12)


@pytest.mark.parametrize("expected", [0.5, 0.7, 0.9])
def test_suites_of_that_size_have_that_margin_on_average(expected: float) -> None:
    size = networks_for_margin(expected, 0.1)
    counts = np.random.default_rng(4).binomial(size, expected, 4000).astype(float)
    widths = half_widths(counts, np.full(counts.size, float(size)))
    assert widths.mean() == pytest.approx(0.1, abs=0.004)


@pytest.mark.parametrize("level", [0.1, 0.9, 0.99])
@pytest.mark.parametrize("margin", [0.02, 0.05, 0.2, 0.45])
def test_no_larger_number_of_networks_is_too_wide(margin: float, level: float) -> None:
    for expected in (0.01, 0.5, 0.93):
        size = networks_for_margin(expected, margin, level=level)
        of = np.arange(1.0, 2 * size + 200)
        wide = half_widths(np.round(expected * of), of, level=level) > margin
        assert not wide[size - 1 :].any()
        assert size == 1 or wide[size - 2]


def test_impossible_counts_and_margins_are_errors() -> None:
    for detected, of in ((3.0, 2.0), (-1.0, 2.0), (0.0, 0.0), (math.nan, 4.0)):
        with pytest.raises(ValueError, match="detected <= of"):
            half_widths(np.array([detected]), np.array([of]))
    for margin in (0.0, 1e-4, 0.5, -0.1, math.nan):
        with pytest.raises(ValueError, match="margin"):
            networks_for_margin(0.5, margin)


@pytest.mark.parametrize("bad", [0.0, 1.0, math.nan])
def test_rates_and_levels_outside_the_open_unit_interval_are_errors(bad: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        networks_for_margin(bad, 0.1)
    with pytest.raises(ValueError, match="level"):
        networks_for_margin(0.5, 0.1, level=bad)
    with pytest.raises(ValueError, match="level"):
        half_widths(np.array([1.0]), np.array([2.0]), level=bad)
