"""Power of exact tests of two detectors, against reference numbers, scipy and simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from evals.contrast import (
    MOST_NETWORKS,
    PairedRates,
    correlation_range,
    fisher_networks,
    fisher_power,
    mcnemar_networks,
    mcnemar_power,
    paired_rates,
)


def test_fisher_power_matches_the_reference() -> None:
    assert fisher_power(0.6, 0.8, 30) == pytest.approx(0.30, abs=0.005)
    assert fisher_power(0.6, 0.8, 60) == pytest.approx(0.60, abs=0.005)
    assert fisher_power(0.6, 0.8, 90) == pytest.approx(0.80, abs=0.005)
    assert fisher_networks(0.6, 0.8) == 90
    assert fisher_networks(0.8, 0.6) == 90


@pytest.mark.parametrize("networks", [1, 7, 12])
def test_fisher_power_is_that_of_scipys_test(networks: int) -> None:
    expected = 0.0
    for first in range(networks + 1):
        for second in range(networks + 1):
            table = [[first, networks - first], [second, networks - second]]
            if stats.fisher_exact(table).pvalue <= 0.1:
                expected += stats.binom.pmf(first, networks, 0.3) * stats.binom.pmf(
                    second, networks, 0.9
                )
    assert fisher_power(0.3, 0.9, networks, alpha=0.1) == pytest.approx(expected, abs=1e-12)


DEPENDENCE = [  # share of the largest phi; P(both); networks for the exact and the mid-p test
    (1.0, 0.60, 39, 33),
    (0.5, 0.54, 66, 58),
    (0.0, 0.48, 91, 83),
]


@pytest.mark.parametrize(("share", "both", "exact", "mid_p"), DEPENDENCE)
def test_paired_designs_match_the_reference(
    share: float, both: float, exact: int, mid_p: int
) -> None:
    rates = paired_rates(0.6, 0.8, share * correlation_range(0.6, 0.8)[1])
    cells = (rates.both, rates.first_only, rates.second_only, rates.neither)
    assert cells == pytest.approx((both, 0.6 - both, 0.8 - both, both - 0.4))
    assert mcnemar_networks(rates) == exact
    assert mcnemar_networks(rates, mid_p=True) == mid_p
    assert 0.155 < mcnemar_power(rates, 20) < 0.205


def test_the_halfway_case_has_the_reference_correlation() -> None:
    assert correlation_range(0.6, 0.8)[1] / 2 == pytest.approx(0.31, abs=0.005)


@pytest.mark.parametrize("mid_p", [False, True])
@pytest.mark.parametrize("alpha", [0.05, 0.25])  # .25 is a p-value of three networks: a tie
def test_mcnemar_power_is_that_of_scipys_binomial_test(alpha: float, mid_p: bool) -> None:
    rates, networks = PairedRates(0.3, 0.1, 0.4, 0.2), 11
    expected = 0.0
    for discordant in range(networks + 1):
        for alone in range(discordant + 1):
            p_value = stats.binomtest(alone, discordant, 0.5).pvalue if discordant else 1.0
            if mid_p and 2 * alone != discordant:
                p_value -= stats.binom.pmf(alone, discordant, 0.5)
            if p_value <= alpha * (1 + 1e-9):
                expected += stats.binom.pmf(discordant, networks, 0.5) * stats.binom.pmf(
                    alone, discordant, 0.2
                )
    assert mcnemar_power(rates, networks, alpha=alpha, mid_p=mid_p) == pytest.approx(expected)


@pytest.mark.slow
def test_mcnemar_power_matches_simulated_suites() -> None:
    rates = paired_rates(0.6, 0.8, 0.3)
    cells = (rates.both, rates.first_only, rates.second_only, rates.neither)
    draws = np.random.default_rng(8).multinomial(66, cells, 3000)
    p_values = [stats.binomtest(int(a), int(a + b), 0.5).pvalue for _, a, b, _ in draws]
    found = np.mean(np.array(p_values) <= 0.05)
    assert mcnemar_power(rates, 66) == pytest.approx(found, abs=0.025)


def test_equal_detectors_are_told_apart_no_more_often_than_alpha() -> None:
    for networks in (5, 20, 80):
        assert fisher_power(0.7, 0.7, networks) <= 0.05
        assert mcnemar_power(paired_rates(0.7, 0.7, 0.2), networks) <= 0.05


def test_detectors_that_never_disagree_are_never_told_apart() -> None:
    assert mcnemar_power(PairedRates(0.7, 0.0, 0.0, 0.3), 50) == 0.0


def test_equal_detectors_have_no_sample_size() -> None:
    with pytest.raises(ValueError, match="no number of networks"):
        fisher_networks(0.7, 0.7)
    with pytest.raises(ValueError, match="no number of networks"):
        mcnemar_networks(paired_rates(0.7, 0.7, 0.0))


def test_close_detectors_are_beyond_any_suite() -> None:
    assert fisher_networks(0.80, 0.81) is None
    assert mcnemar_networks(paired_rates(0.80, 0.81, 0.0)) is None


@pytest.mark.slow
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_the_search_skips_no_smaller_size(power: float) -> None:
    generator = np.random.default_rng(12)
    for _ in range(5):
        first, second = generator.uniform(0.05, 0.45), generator.uniform(0.6, 0.95)
        size = fisher_networks(first, second, power=power)
        assert size is not None
        powers = [fisher_power(first, second, one) for one in range(1, size + 1)]
        assert powers[-1] >= power > max(powers[:-1], default=0.0)
        rates = paired_rates(first, second, generator.uniform(*correlation_range(first, second)))
        size = mcnemar_networks(rates, power=power)
        assert size is not None
        assert size <= MOST_NETWORKS
        powers = [mcnemar_power(rates, one) for one in range(1, size + 1)]
        assert powers[-1] >= power > max(powers[:-1], default=0.0)


def test_joint_cells_have_the_correlation_of_simulated_verdicts() -> None:
    rates = paired_rates(0.35, 0.8, 0.2)
    cells = (rates.both, rates.first_only, rates.second_only, rates.neither)
    kinds = np.random.default_rng(5).choice(4, 200_000, p=cells)
    first, second = np.isin(kinds, (0, 1)), np.isin(kinds, (0, 2))
    assert first.mean() == pytest.approx(0.35, abs=0.005)
    assert second.mean() == pytest.approx(0.8, abs=0.005)
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.2, abs=0.01)


def test_correlations_outside_the_range_of_the_rates_are_errors() -> None:
    lowest, highest = correlation_range(0.6, 0.8)
    assert paired_rates(0.6, 0.8, lowest).neither == pytest.approx(0.0)
    assert paired_rates(0.6, 0.8, highest).first_only == pytest.approx(0.0)
    assert correlation_range(0.3, 0.3)[1] == pytest.approx(1.0)
    assert correlation_range(0.3, 0.7)[0] == pytest.approx(-1.0)
    for beyond in (lowest - 0.01, highest + 0.01, math.nan):
        with pytest.raises(ValueError, match="allow a correlation"):
            paired_rates(0.6, 0.8, beyond)


def test_impossible_paired_designs_are_errors() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        PairedRates(0.5, 0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match="sum to 1"):
        PairedRates(0.5, -0.1, 0.4, 0.2)
    with pytest.raises(ValueError, match="wanted 1 or more"):
        mcnemar_power(PairedRates(0.25, 0.25, 0.25, 0.25), 0)
    with pytest.raises(ValueError, match="wanted 1 or more"):
        fisher_power(0.6, 0.8, 0)


@pytest.mark.parametrize("bad", [0.0, 1.0, -0.1, math.nan])
def test_probabilities_outside_the_open_unit_interval_are_errors(bad: float) -> None:
    rates = PairedRates(0.3, 0.1, 0.4, 0.2)
    for call in (
        lambda: correlation_range(bad, 0.5),
        lambda: fisher_power(0.5, bad, 10),
        lambda: fisher_power(0.4, 0.5, 10, alpha=bad),
        lambda: fisher_networks(0.4, 0.5, power=bad),
        lambda: mcnemar_power(rates, 10, alpha=bad),
        lambda: mcnemar_networks(rates, power=bad),
    ):
        with pytest.raises(ValueError, match=r"\(0, 1\)"):
            call()
