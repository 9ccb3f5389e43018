"""Variance shares against closed forms and the reference figures of the risk decomposition."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import special
from scipy.stats import qmc

from evals.family_posterior import FamilyCount, FamilyPosterior, family_posterior
from evals.risk import GROUPS, Beliefs, WhatIf, load_figures, scenario
from evals.risk.sobol import NothingToExplain, SobolIndex, risk_indices, saltelli, sample_pair


def rate(*detected: int) -> FamilyPosterior | None:
    return family_posterior([FamilyCount(f"family-{i}", k, 20) for i, k in enumerate(detected)])


FIGURES = load_figures()
JUDGED = Beliefs(FIGURES)
MEASURED = Beliefs(
    FIGURES,
    {
        "proxy": rate(18, 19, 20),
        "subgoal": rate(14, 11, 16),
        "pseudo": rate(10, 6, 12),
        "deceptive": rate(9, 1, 15),
    },
)


def toy_indices(
    function: Callable[[np.ndarray], np.ndarray], columns: int, log2_draws: int = 14
) -> dict[str, SobolIndex]:
    """Indices of a function of independent uniforms, one group per column."""
    sampler = qmc.Sobol(2 * columns, rng=np.random.default_rng(11))
    base, other = np.split(sampler.random_base2(log2_draws), 2, axis=1)
    mixed = {}
    for column in range(columns):
        swapped = base.copy()
        swapped[:, column] = other[:, column]
        mixed[f"x{column}"] = function(swapped)
    return {index.group: index for index in saltelli(function(base), function(other), mixed)}


def indices(
    beliefs: Beliefs, weight: float, quantity: str, name: str = "near_term", seed: int = 12
) -> dict[str, SobolIndex]:
    pair = sample_pair(beliefs, scenario(FIGURES, name), generator=np.random.default_rng(seed))
    found = risk_indices(pair, beliefs.link, weight=weight, quantity=quantity)
    return {index.group: index for index in found}


def ishigami(uniforms: np.ndarray) -> np.ndarray:
    angle = np.pi * (2 * uniforms - 1)
    first, second, third = angle.T
    return np.sin(first) + 7 * np.sin(second) ** 2 + 0.1 * third**4 * np.sin(first)


def test_ishigami_has_its_exact_indices() -> None:
    found = toy_indices(ishigami, 3)
    for group, first, total in (
        ("x0", 0.3139, 0.5576),
        ("x1", 0.4424, 0.4424),
        ("x2", 0.0, 0.2437),
    ):
        assert found[group].first == pytest.approx(first, abs=0.01)
        assert found[group].total == pytest.approx(total, abs=0.01)


def test_a_product_has_its_exact_indices() -> None:
    found = toy_indices(lambda u: u[:, 0] * u[:, 1] * (0.5 + u[:, 2]), 3)
    # E U^2 / (E U)^2 - 1 is 1/3 for U and 1/12 for .5 + U.
    variance = (4 / 3) ** 2 * (13 / 12) - 1
    for group, own in (("x0", 1 / 3), ("x1", 1 / 3), ("x2", 1 / 12)):
        total = 1 - ((variance + 1) / (1 + own) - 1) / variance
        assert found[group].first == pytest.approx(own / variance, abs=0.01)
        assert found[group].total == pytest.approx(total, abs=0.01)
    assert found["x0"].first == pytest.approx(0.36, abs=0.01)
    assert found["x2"].total == pytest.approx(0.16, abs=0.01)


def test_an_unused_input_has_no_share() -> None:
    found = toy_indices(lambda u: u[:, 0] + 2 * u[:, 1], 3)
    assert (found["x2"].first, found["x2"].total) == (0, 0)
    assert found["x1"].first == pytest.approx(0.8, abs=0.01)


def test_a_shift_of_the_quantity_changes_no_share() -> None:
    plain, shifted = toy_indices(ishigami, 3), toy_indices(lambda u: ishigami(u) + 1000, 3)
    for group, index in plain.items():
        assert shifted[group].first == pytest.approx(index.first, abs=1e-9)


def test_saltelli_keeps_the_order_of_the_mixtures() -> None:
    values = np.array([0.0, 1.0, 4.0])
    found = saltelli(values, values[::-1], {"second": values, "first": values[::-1]})
    assert [index.group for index in found] == ["second", "first"]


def test_judged_shares_agree_with_the_reference() -> None:
    found = indices(JUDGED, 0.0, "residual")
    for group, first, total in (
        ("kappa", 0.68, 0.78),
        ("multiple", 0.10, 0.15),
        ("emergence", 0.08, 0.13),
        ("misaligned", 0.014, 0.026),
        ("prevalence", 0.006, 0.010),
    ):
        assert found[group].first == pytest.approx(first, abs=0.02)
        assert found[group].total == pytest.approx(total, abs=0.02)
    for group, first in (
        ("judged_proxy", 0.006),
        ("judged_subgoal", 0.002),
        ("judged_pseudo", 0.001),
        ("judged_deceptive", 0.0),
    ):
        assert found[group].first == pytest.approx(first, abs=0.004)


def test_medium_term_shares_agree_with_the_reference() -> None:
    found = indices(JUDGED, 0.0, "residual", "medium_term")
    for group, first in (("kappa", 0.59), ("multiple", 0.22), ("emergence", 0.10)):
        assert found[group].first == pytest.approx(first, abs=0.02)


def test_shares_of_measured_residual_agree_with_the_reference() -> None:
    found = indices(MEASURED, 1.0, "residual")
    assert found["kappa"].first == pytest.approx(0.59, abs=0.02)
    # The standard deviation over scrambles is .017 here; twice that, and more, is allowed.
    assert found["kappa"].total == pytest.approx(0.73, abs=0.045)
    assert found["measured_proxy"].first == pytest.approx(0.061, abs=0.01)
    assert found["measured_proxy"].total == pytest.approx(0.109, abs=0.01)
    assert found["measured_subgoal"].first == pytest.approx(0.010, abs=0.005)
    assert found["measured_subgoal"].total == pytest.approx(0.017, abs=0.005)
    assert found["measured_pseudo"].first == pytest.approx(0.003, abs=0.003)


def test_shares_of_the_fraction_agree_with_the_reference() -> None:
    pooled, measured = indices(MEASURED, 0.2, "fraction"), indices(MEASURED, 1.0, "fraction")
    for found, group, first in (
        (pooled, "transport", 0.0),
        (pooled, "measured_proxy", 0.09),
        (pooled, "prevalence", 0.16),
        (pooled, "judged_proxy", 0.14),
        (pooled, "judged_subgoal", 0.04),
        (measured, "measured_proxy", 0.69),
        (measured, "measured_subgoal", 0.10),
        (measured, "judged_proxy", 0.056),
        (measured, "prevalence", 0.04),
        (measured, "measured_pseudo", 0.03),
        (measured, "measured_deceptive", 0.004),
    ):
        assert found[group].first == pytest.approx(first, abs=0.02), group
    assert pooled["transport"].total == pytest.approx(0.51, abs=0.02)
    assert pooled["measured_proxy"].total == pytest.approx(0.46, abs=0.02)
    for group in ("emergence", "misaligned", "kappa", "multiple"):
        assert measured[group].total == pytest.approx(0, abs=1e-12)


def test_the_logarithm_makes_factors_additive() -> None:
    found = indices(JUDGED, 0.0, "log_residual")
    emergence, misaligned = found["emergence"], found["misaligned"]
    assert emergence.first == pytest.approx(emergence.total, abs=0.005)
    # Var log Beta(a, b) = psi'(a) - psi'(a + b), with the fits of the judged intervals.
    variances = [
        special.polygamma(1, a) - special.polygamma(1, a + b)
        for a, b in ((8.0011, 8.0011), (23.9922, 8.7296))
    ]
    assert emergence.total / misaligned.total == pytest.approx(
        variances[0] / variances[1], rel=0.02
    )


def test_inputs_without_effect_are_listed_with_zero() -> None:
    found = indices(Beliefs(FIGURES, {"proxy": rate(18, 19, 20)}), 0.2, "residual", "current")
    assert set(found) == set(GROUPS)
    idle = {f"measured_{name}" for name in ("subgoal", "pseudo", "deceptive")}
    idle |= {"measured_emergence", "measured_misaligned", "multiple"}
    for group in idle:
        assert (found[group].first, found[group].total) == (0, 0)
    for group in set(GROUPS) - idle:
        assert found[group].total > 0


def test_a_measured_sweep_has_a_share_at_weight_one_alone() -> None:
    beliefs = Beliefs(FIGURES, emergence=rate(4, 9, 12))
    measured = indices(beliefs, 1.0, "residual")
    assert measured["measured_emergence"].total > 0.1
    assert measured["emergence"].total == 0
    assert indices(beliefs, 0.0, "residual")["measured_emergence"].total == 0


def test_indices_are_sorted_and_repeat_with_the_seed() -> None:
    first, again = (indices(MEASURED, 0.2, "residual") for _ in range(2))
    assert first == again
    assert first != indices(MEASURED, 0.2, "residual", seed=13)
    totals = [index.total for index in first.values()]
    assert totals == sorted(totals, reverse=True)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", range(3))
def test_undefined_values_are_refused(place: int, bad: float) -> None:
    arrays = [np.array([0.1, 0.5, 0.4]) for _ in range(3)]
    arrays[place][1] = bad
    with pytest.raises(ValueError, match="NaN or infinite"):
        saltelli(arrays[0], arrays[1], {"x": arrays[2]})


def test_a_constant_has_no_shares() -> None:
    for size in (0, 1, 5):
        values = np.full(size, 0.1)
        with pytest.raises(ValueError, match="no variance"):
            saltelli(values, values, {"x": values})


def test_unequal_sizes_are_refused() -> None:
    values = np.array([0.1, 0.5])
    with pytest.raises((ValueError, TypeError), match=r"mixed|shape"):
        saltelli(values, values, {"x": np.array([0.1])})


def test_wrong_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown quantity 'risk'"):
        indices(JUDGED, 0.0, "risk")
    with pytest.raises(ValueError, match="weight 2"):
        indices(JUDGED, 2.0, "residual")
    with pytest.raises(ValueError, match="log2_draws 0"):
        sample_pair(
            JUDGED,
            scenario(FIGURES, "current"),
            log2_draws=0,
            generator=np.random.default_rng(1),
        )


def test_a_risk_supposed_zero_has_neither_logarithm_nor_shares() -> None:
    beliefs = Beliefs(FIGURES, what_if=WhatIf({"emergence": 0.0}))
    with pytest.raises(NothingToExplain, match="no logarithm"):
        indices(beliefs, 0.0, "log_residual")
    with pytest.raises(NothingToExplain, match="no variance"):
        indices(beliefs, 0.0, "residual")


def test_an_index_checks_itself() -> None:
    assert SobolIndex("kappa", -0.01, 0.0).first == -0.01
    with pytest.raises(ValueError, match="kappa"):
        SobolIndex("kappa", 0.1, -0.1)
    with pytest.raises(ValueError, match="kappa"):
        SobolIndex("kappa", np.nan, 0.1)
