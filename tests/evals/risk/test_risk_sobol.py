"""Variance shares against closed forms and the reference figures of the risk decomposition."""

import numpy as np
import pytest

from evals.risk.decomposition import GROUPS, draw_inputs, evaluate, sample_cube
from evals.risk.figures import MISALIGNMENT_TYPES, Beliefs, load_figures
from evals.risk.sobol import SobolIndex, risk_indices
from evals.statistics.family_posterior import FamilyCount, FamilyPosterior, family_posterior


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
    given=False,
)
"""The worked example; its reference figures are of correction independent of detection."""


def indices(
    beliefs: Beliefs, weight: float, quantity: str, name: str = "near_term", seed: int = 12
) -> dict[str, SobolIndex]:
    found = risk_indices(beliefs, name, weight=weight, generator=np.random.default_rng(seed))
    return {index.group: index for index in found[quantity]}


def test_factors_of_the_risk_have_their_exact_indices() -> None:
    """R is a product of independent factors: S1 = v_i / V and ST from coefficients of variation.

    Squared coefficients of variation of P(emergence) and P(misaligned) are those of their Betas,
    1 / mean - 1 over a + b + 1; the rest of R is drawn.
    """
    found = indices(JUDGED, 0.0, "residual")
    near = "near_term"
    cube = sample_cube(np.random.default_rng(14), 200_000)
    inputs = draw_inputs(cube, JUDGED, [near])["near_term"]
    rest = evaluate(inputs, 0.0).residual / (inputs.emergence * inputs.misaligned)
    ratios = {
        "emergence": (1 / 0.5 - 1) / (8.0011 + 8.0011 + 1),
        "misaligned": (1 / (23.9922 / 32.7218) - 1) / (23.9922 + 8.7296 + 1),
        "rest": float(rest.var() / rest.mean() ** 2),
    }
    variance = np.prod([1 + ratio for ratio in ratios.values()]) - 1
    for group in ("emergence", "misaligned"):
        total = 1 - ((variance + 1) / (1 + ratios[group]) - 1) / variance
        assert found[group].first == pytest.approx(ratios[group] / variance, abs=0.02)
        assert found[group].total == pytest.approx(total, abs=0.02)


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
    assert found["measured_pseudo"].first == pytest.approx(0.003, abs=0.005)


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


def test_what_does_not_vary_has_no_shares() -> None:
    beliefs = Beliefs(FIGURES, supposed={"emergence": 0.0})
    near = "near_term"
    found = risk_indices(beliefs, near, weight=0.0, generator=np.random.default_rng(1))
    assert set(found) == {"fraction"}
    every = {f"{half}.{n}": 1.0 for half in ("detect", "correct") for n in MISALIGNMENT_TYPES}
    safe = Beliefs(FIGURES, supposed=every)
    assert risk_indices(safe, near, weight=0.0, generator=np.random.default_rng(1)) == {}
