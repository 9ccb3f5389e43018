"""Modelling choices: the reference numbers, the closed forms, and what each choice leaves alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from evals.family_posterior import FamilyCount, family_posterior
from evals.risk import (
    MISALIGNMENT_TYPES,
    Beliefs,
    Inputs,
    WhatIf,
    draw_inputs,
    levels,
    load_figures,
    sample_cube,
)
from evals.risk.counted import RobustMixture, power_prior, robust_mixture
from evals.risk.judged import JudgedBeta, beta_from_interval
from evals.risk.links import LinkComparison, two_links
from evals.risk.scenario import horizons
from evals.risk.sensitivity import Sensitivity, sensitivities
from evals.risk.severity import TWO_POINT

DECEPTIVE = beta_from_interval(0.05, 0.20)
COUNTS = {
    "proxy": (18, 19, 20),
    "subgoal": (14, 11, 16),
    "pseudo": (10, 6, 12),
    "deceptive": (9, 1, 15),
}


def beliefs(counts: dict[str, tuple[int, ...]], what_if: WhatIf | None = None) -> Beliefs:
    measured = {
        name: family_posterior([FamilyCount(f"f{i}", k, 20) for i, k in enumerate(detected)])
        for name, detected in counts.items()
    }
    return Beliefs(load_figures(), detection=measured, what_if=what_if or WhatIf())


def drawn(of: Beliefs, draws: int = 20_000) -> Inputs:
    cube = sample_cube(np.random.default_rng(41), draws)
    return draw_inputs(cube, of, horizons(of.figures)[:1])["current"]


def rows(of: Beliefs, weight: float, draws: int = 20_000) -> dict[str, Sensitivity]:
    found = sensitivities(drawn(of, draws), of, weight=weight, generator=np.random.default_rng(42))
    assert len({row.name for row in found}) == len(found)
    return {row.name: row for row in found}


@pytest.fixture(scope="module")
def judged() -> dict[str, Sensitivity]:
    return rows(beliefs({}), 0.0, 100_000)


@pytest.fixture(scope="module")
def measured() -> dict[str, Sensitivity]:
    return rows(beliefs(COUNTS), 0.2)


@pytest.mark.parametrize(
    ("weight", "mean", "low", "high"),
    [
        (0.0, 0.1157, 0.05, 0.20),
        (0.1, 0.1498, 0.078, 0.237),
        (0.25, 0.1886, None, None),
        (0.5, 0.2331, None, None),
        (1.0, 0.2846, 0.216, 0.358),
    ],
)
def test_power_prior_meets_the_reference(
    weight: float, mean: float, low: float | None, high: float | None
) -> None:
    updated = power_prior(DECEPTIVE, 25, 60, weight=weight)
    assert updated.mean == pytest.approx(mean, abs=6e-5)
    if low is not None:
        ends = updated.at(np.array([0.05, 0.95]))
        assert ends == pytest.approx([low, high], abs=6e-4)


def test_power_prior_is_bayes_on_a_grid() -> None:
    grid = np.linspace(1e-6, 1 - 1e-6, 20_001)
    log = stats.beta.logpdf(grid, 3, 5) + 0.4 * stats.binom.logpmf(7, 20, grid)
    density = np.exp(log - log.max())
    density /= integrate.trapezoid(density, grid)
    updated = power_prior(JudgedBeta(3.0, 5.0), 7, 20, weight=0.4)
    np.testing.assert_allclose(density, stats.beta.pdf(grid, updated.a, updated.b), atol=1e-3)


@pytest.mark.parametrize(
    ("detected", "vague", "mean"),
    [
        (0, 0.309, 0.040),
        (7, 0.038, 0.117),
        (12, 0.103, 0.168),
        (20, 0.747, 0.313),
        (25, 0.979, 0.416),
        (60, 1.0, 0.984),
    ],
)
def test_robust_mixture_meets_the_reference(detected: int, vague: float, mean: float) -> None:
    mixture = robust_mixture(DECEPTIVE, detected, 60)
    assert mixture.vague_weight == pytest.approx(vague, abs=6e-4)
    assert mixture.mean == pytest.approx(mean, abs=6e-4)


def test_robust_mixture_is_bayes_on_a_grid() -> None:
    grid = np.linspace(1e-7, 1 - 1e-7, 100_001)
    for detected in (0, 6, 15):
        prior = 0.7 * stats.beta.pdf(grid, 3, 9) + 0.3
        density = prior * stats.binom.pmf(detected, 20, grid)
        mean = integrate.trapezoid(density * grid, grid) / integrate.trapezoid(density, grid)
        mixture = robust_mixture(JudgedBeta(3.0, 9.0), detected, 20, vague=0.3)
        assert mixture.mean == pytest.approx(mean, abs=1e-5)


@settings(derandomize=True)
@given(of=st.integers(1, 200), vague=st.floats(0, 1))
def test_more_detections_never_lower_the_mixture_mean(of: int, vague: float) -> None:
    step = max(1, of // 15)
    means = [robust_mixture(DECEPTIVE, k, of, vague=vague).mean for k in range(0, of + 1, step)]
    assert np.all(np.diff(means) >= -1e-12)


def test_mixture_without_data_or_without_doubt() -> None:
    assert robust_mixture(DECEPTIVE, 0, 0).vague_weight == pytest.approx(0.2)
    assert robust_mixture(DECEPTIVE, 5, 20, vague=0.0).mean == pytest.approx(
        power_prior(DECEPTIVE, 5, 20, weight=1.0).mean
    )
    assert robust_mixture(DECEPTIVE, 5, 20, vague=1.0).mean == pytest.approx(6 / 22)


def test_mixture_draws_have_its_mean() -> None:
    mixture = RobustMixture(0.3, JudgedBeta(2.0, 8.0), JudgedBeta(8.0, 2.0))
    component, value = np.random.default_rng(43).random((2, 100_000))
    draws = mixture.at(component, value)
    assert draws.mean() == pytest.approx(0.3 * 0.8 + 0.7 * 0.2, abs=0.004)
    vague = component < 0.3
    np.testing.assert_allclose(draws[vague], stats.beta.ppf(value[vague], 8, 2), rtol=1e-8)


@pytest.mark.parametrize(("detected", "of"), [(-1, 5), (6, 5), (float("nan"), 5)])
def test_impossible_counts_are_refused(detected: float, of: float) -> None:
    for formula in (robust_mixture, lambda *given: power_prior(*given, weight=0.5)):
        with pytest.raises(ValueError, match="wanted 0 <= detected <= of"):
            formula(DECEPTIVE, detected, of)


def test_impossible_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="power 2"):
        power_prior(DECEPTIVE, 1, 5, weight=2.0)
    with pytest.raises(ValueError, match=r"vague share -0\.1"):
        robust_mixture(DECEPTIVE, 1, 5, vague=-0.1)
    with pytest.raises(ValueError, match="vague weight nan"):
        RobustMixture(float("nan"), DECEPTIVE, DECEPTIVE)


@pytest.mark.parametrize(
    ("name", "mean"),
    [
        ("default", 0.461),
        ("conditioned prevalence", 0.454),
        ("overlap, every", 0.557),
        ("overlap, any one", 0.331),
        ("severity by type", 0.587),
    ],
)
def test_judged_fractions_meet_the_reference(
    judged: dict[str, Sensitivity], name: str, mean: float
) -> None:
    assert judged[name].fraction.mean == pytest.approx(mean, abs=0.0015)


def test_severity_by_type_doubles_the_deceptive_share(judged: dict[str, Sensitivity]) -> None:
    assert judged["default"].note.endswith("0.13")
    assert "0.27, by default 0.13" in judged["severity by type"].note


def test_unmeasured_types_have_no_counted_rows(judged: dict[str, Sensitivity]) -> None:
    assert list(judged) == [
        "default",
        "conditioned prevalence",
        "overlap, every",
        "overlap, any one",
        "severity by type",
    ]


def test_default_at_the_weight_is_the_pool(measured: dict[str, Sensitivity]) -> None:
    fraction = measured["default"].fraction
    assert fraction.mean == pytest.approx(0.465, abs=0.003)
    assert (fraction.q05, fraction.q95) == pytest.approx((0.366, 0.567), abs=0.006)


def test_power_one_moves_further_from_the_judgement_than_power_a_fifth(
    measured: dict[str, Sensitivity],
) -> None:
    base = rows(beliefs({}), 0.0)["default"].fraction.mean
    fifth, full = (measured[f"power prior {power}"].fraction.mean for power in ("0.2", "1"))
    assert full < fifth < base


def test_power_prior_row_is_linear_in_the_updated_means(
    measured: dict[str, Sensitivity],
) -> None:
    # E fraction = 1 - sum E[q_t] E[s_t], as closed shares and success are drawn independently.
    shares = drawn(beliefs({})).prevalence
    expected = 1.0
    for column, (name, detected) in enumerate(COUNTS.items()):
        posterior = beliefs(COUNTS).detection[name]
        assert posterior is not None
        effect = 1 + 19 * posterior.expected_rho
        success = beta_from_interval(*load_figures().types[name].success)
        k, n = sum(detected) / effect, 60 / effect
        expected -= (shares[:, column] / shares.sum(axis=1)).mean() * (
            (success.a + k) / (success.a + success.b + n)
        )
    assert measured["power prior 1"].fraction.mean == pytest.approx(expected, abs=0.002)


def test_robust_mixture_follows_conflicting_data_further(
    measured: dict[str, Sensitivity],
) -> None:
    assert measured["robust mixture"].fraction.mean < measured["power prior 1"].fraction.mean
    wide, narrow = (measured[name].fraction for name in ("robust mixture", "power prior 1"))
    assert wide.q95 - wide.q05 > narrow.q95 - narrow.q05


def test_counted_rows_do_not_depend_on_the_transport_weight() -> None:
    of = beliefs({"proxy": (18, 19, 20)})
    low, high = (rows(of, weight, 2000) for weight in (0.0, 1.0))
    assert low["power prior 1"] == high["power prior 1"]
    assert low["robust mixture"] == high["robust mixture"]
    assert low["default"].fraction.mean != high["default"].fraction.mean


def test_a_supposition_outlives_the_counts() -> None:
    fixed = {f"{what}.{name}": 1.0 for name in MISALIGNMENT_TYPES for what in ("detect", "correct")}
    supposed = rows(beliefs(COUNTS, WhatIf(fixed)), 0.2, 500)
    assert "power prior 1" not in supposed
    assert supposed["default"].fraction.mean == 0
    assert supposed["default"].note.endswith("no risk is left")
    one = WhatIf({"correct.proxy": 1.0, "detect.proxy": 1.0})
    assert rows(beliefs(COUNTS, one), 0.2, 500)["power prior 1"].fraction.mean < 0.4


def test_a_misspelt_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="transport weight 20"):
        rows(beliefs({}), 20.0, 50)


@pytest.fixture(scope="module")
def compared() -> dict[str, LinkComparison]:
    figures = load_figures()
    found = two_links(
        Beliefs(figures), horizons(figures), generator=np.random.default_rng(44), draws=60_000
    )
    return {row.scenario: row for row in found}


@pytest.mark.parametrize(
    ("horizon", "quantiles", "rounding"),
    [
        ("current", (0.0014, 0.0032, 0.0060), 5e-5),
        ("near_term", (0.021, 0.039, 0.066), 5e-4),
        ("medium_term", (0.097, 0.145, 0.187), 5e-4),
    ],
)
def test_two_point_link_meets_the_reference(
    compared: dict[str, LinkComparison],
    horizon: str,
    quantiles: tuple[float, ...],
    rounding: float,
) -> None:
    row = compared[horizon]
    two_point = (row.two_point.q05, row.two_point.q50, row.two_point.q95)
    for got, wanted in zip(two_point, quantiles, strict=True):
        assert got == pytest.approx(wanted, abs=rounding + 0.01 * wanted)
    assert row.catastrophe == load_figures().horizons[horizon].catastrophe
    assert row.catastrophe[0] < row.two_point.q50 < row.catastrophe[1]


def test_headline_link_meets_the_unmitigated_reference(
    compared: dict[str, LinkComparison],
) -> None:
    for (name, wanted), rounding in zip(
        {"current": 0.0022, "near_term": 0.0324, "medium_term": 0.272}.items(),
        (5e-5, 5e-5, 5e-4),
        strict=True,
    ):
        headline = compared[name].headline
        assert headline.mean == pytest.approx(wanted, abs=rounding + 4 * headline.mcse)


def test_two_point_severity_stays_at_a_quarter_where_the_headline_saturates() -> None:
    figures = load_figures()
    transformative = [one for one in levels(figures) if one.name == "level.transformative"]
    found = two_links(
        Beliefs(figures), transformative, generator=np.random.default_rng(46), draws=2000
    )
    assert isinstance(found[0], LinkComparison)
    assert found[0].catastrophe is None
    assert found[0].two_point.mean < 0.254 < found[0].headline.mean + 0.1
    assert found[0].headline.mean > found[0].two_point.mean


def test_two_point_link_makes_near_and_medium_severity() -> None:
    multiple = np.sqrt(np.array([40.0, 2500.0]))
    severity = TWO_POINT.at(multiple, np.full(2, TWO_POINT.kappa.median))[:, 0]
    assert severity == pytest.approx([0.110, 0.251], abs=0.001)
    assert replace(TWO_POINT, phi=1.0).at(multiple, np.full(2, 0.09))[0, 0] > 0.4
