"""Variance shares against closed forms and the reference figures of the risk decomposition."""

import numpy as np
import pytest
from worked_example import FIGURES, NEAR, drawn, families, posterior, posteriors

from evals.risk.decomposition import GROUPS, evaluate
from evals.risk.figures import MISALIGNMENT_TYPES, Beliefs
from evals.risk.sobol import SobolIndex, risk_indices

JUDGED = Beliefs(FIGURES)
MEASURED = Beliefs(FIGURES, posteriors(), given=False)
"""The worked example; its reference figures are of correction independent of detection."""


def indices(
    beliefs: Beliefs, weight: float, quantity: str = "residual", name: str = NEAR, seed: int = 12
) -> dict[str, SobolIndex]:
    found = risk_indices(beliefs, name, weight=weight, generator=np.random.default_rng(seed))
    return {index.group: index for index in found[quantity]}


def test_factors_of_the_risk_have_their_exact_indices() -> None:
    """R is a product of independent factors: S1 = v_i / V and ST from coefficients of variation.

    Squared coefficients of variation of P(emergence) and P(misaligned) are those of their Betas,
    1 / mean - 1 over a + b + 1; the rest of R is drawn.
    """
    found = indices(JUDGED, 0.0)
    inputs = drawn(JUDGED, 200_000, 14)
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


Shares = dict[str, tuple[float | None, float | None]]
SHARES: dict[str, tuple[Beliefs, float, str, tuple[tuple[str, float, Shares], ...]]] = {
    "judged, near term": (JUDGED, 0.0, NEAR, (
        ("residual", 0.02, {
            "kappa": (0.68, 0.78), "multiple": (0.10, 0.15), "emergence": (0.08, 0.13),
            "misaligned": (0.014, 0.026), "prevalence": (0.006, 0.010),
        }),
        ("residual", 0.004, {
            "judged_proxy": (0.006, None), "judged_subgoal": (0.002, None),
            "judged_pseudo": (0.001, None), "judged_deceptive": (0.0, None),
        }),
    )),
    "judged, medium term": (JUDGED, 0.0, "medium_term", (
        ("residual", 0.02, {
            "kappa": (0.59, None), "multiple": (0.22, None), "emergence": (0.10, None),
        }),
    )),
    "measured": (MEASURED, 1.0, NEAR, (
        # The standard deviation over scrambles of the total is .017 here, and is not held to .02.
        ("residual", 0.02, {"kappa": (0.59, None)}),
        ("residual", 0.045, {"kappa": (None, 0.73)}),
        ("residual", 0.01, {"measured_proxy": (0.061, 0.109)}),
        ("residual", 0.005, {"measured_subgoal": (0.010, 0.017), "measured_pseudo": (0.003, None)}),
        ("fraction", 0.02, {
            "measured_proxy": (0.69, None), "measured_subgoal": (0.10, None),
            "judged_proxy": (0.056, None), "prevalence": (0.04, None),
            "measured_pseudo": (0.03, None), "measured_deceptive": (0.004, None),
        }),
        ("fraction", 1e-12, dict.fromkeys(
            ("emergence", "misaligned", "kappa", "multiple"), (None, 0.0)
        )),
    )),
    "pooled": (MEASURED, 0.2, NEAR, (
        ("fraction", 0.02, {
            "transport": (0.0, 0.51), "measured_proxy": (0.09, 0.46), "prevalence": (0.16, None),
            "judged_proxy": (0.14, None), "judged_subgoal": (0.04, None),
        }),
    )),
}  # fmt: skip
"""Beliefs, weight and horizon; by quantity the tolerance, and first and total index by group."""


@pytest.mark.parametrize("case", SHARES)
def test_shares_agree_with_the_reference(case: str) -> None:
    beliefs, weight, horizon, parts = SHARES[case]
    found = risk_indices(beliefs, horizon, weight=weight, generator=np.random.default_rng(12))
    for quantity, within, reference in parts:
        named = {index.group: index for index in found[quantity]}
        for group, (first, total) in reference.items():
            for index, wanted in ((named[group].first, first), (named[group].total, total)):
                assert wanted is None or index == pytest.approx(wanted, abs=within), group


def test_inputs_without_effect_are_listed_with_zero() -> None:
    beliefs = Beliefs(FIGURES, {"proxy": posterior(families(18, 19, 20))})
    found = indices(beliefs, 0.2, "residual", "current")
    assert set(found) == set(GROUPS)
    idle = {f"measured_{name}" for name in ("subgoal", "pseudo", "deceptive")}
    idle |= {"measured_emergence", "measured_misaligned", "multiple"}
    for group in idle:
        assert (found[group].first, found[group].total) == (0, 0)
    for group in set(GROUPS) - idle:
        assert found[group].total > 0


def test_a_measured_sweep_has_a_share_at_weight_one_alone() -> None:
    beliefs = Beliefs(FIGURES, emergence=posterior(families(4, 9, 12)))
    judged, measured = (indices(beliefs, weight) for weight in (0.0, 1.0))
    assert measured["measured_emergence"].total > 0.1
    assert measured["emergence"].total == judged["measured_emergence"].total == 0


def test_indices_are_sorted_and_repeat_with_the_seed() -> None:
    first, again, other = (indices(MEASURED, 0.2, seed=seed) for seed in (12, 12, 13))
    assert first == again != other
    totals = [index.total for index in first.values()]
    assert totals == sorted(totals, reverse=True)


def test_what_does_not_vary_has_no_shares() -> None:
    every = {f"{half}.{n}": 1.0 for half in ("detect", "correct") for n in MISALIGNMENT_TYPES}
    for supposed, varying in (({"emergence": 0.0}, {"fraction"}), (every, set())):
        beliefs = Beliefs(FIGURES, supposed=supposed)
        found = risk_indices(beliefs, NEAR, weight=0.0, generator=np.random.default_rng(1))
        assert set(found) == varying
