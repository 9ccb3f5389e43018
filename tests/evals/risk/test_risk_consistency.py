"""The judged rows against each other: the reference numbers, and figures made to agree or not."""

import math
from dataclasses import replace

import numpy as np
import pytest

from evals.risk import Figures, FiguresError, load_figures
from evals.risk.consistency import consistency
from evals.risk.figures import Interval
from evals.risk.incoherence import BOUND_SHARES, EQUAL_TAILS, VERDICTS, Incoherence

DRAWS = 20_000


def found(figures: Figures, draws: int = DRAWS) -> dict[str, Incoherence]:
    rows = consistency(figures, generator=np.random.default_rng(21), draws=draws)
    assert len({row.name for row in rows}) == len(rows)
    return {row.name: row for row in rows}


@pytest.fixture(scope="module")
def published() -> dict[str, Incoherence]:
    return found(load_figures(), draws=100_000)


def with_horizon(name: str, **changes: Interval) -> Figures:
    figures = load_figures()
    horizons = {**figures.horizons, name: replace(figures.horizons[name], **changes)}
    return replace(figures, horizons=horizons)


def with_prevalence(interval: Interval) -> Figures:
    figures = load_figures()
    types = {name: replace(row, prevalence=interval) for name, row in figures.types.items()}
    return replace(figures, types=types)


def test_prevalences_sum_to_more_than_one(published: dict[str, Incoherence]) -> None:
    row = published["prevalence sum"]
    assert row.value == pytest.approx(1.119, abs=0.002)
    assert "1.155" in row.sentence
    assert "probability 0.80" in row.sentence
    assert row.verdict == "strained"


@pytest.mark.parametrize(
    ("horizon", "low", "middle", "high"),
    [
        ("current", 0.001, 0.016, 0.086),
        ("near_term", 0.027, 0.110, 0.319),
        ("medium_term", 0.084, 0.251, 0.567),
    ],
)
def test_implied_severity(
    published: dict[str, Incoherence], horizon: str, low: float, middle: float, high: float
) -> None:
    row = published[f"implied severity, {horizon}"]
    assert (row.low, row.value, row.high) == pytest.approx((low, middle, high), rel=0.015, abs=6e-4)
    assert row.verdict == "coherent"


@pytest.mark.parametrize(
    ("horizon", "low", "middle", "high", "judged", "below", "verdict"),
    [
        ("near_term", 0.75, 7.3, 131, "6.3-fold", 0.46, "coherent"),
        ("medium_term", 0.45, 2.5, 15.4, "7.9-fold", 0.83, "strained"),
    ],
)
def test_growth_of_the_implied_hazard(
    published: dict[str, Incoherence],
    horizon: str,
    low: float,
    middle: float,
    high: float,
    judged: str,
    below: float,
    verdict: str,
) -> None:
    row = published[f"growth to {horizon}"]
    assert (row.low, row.value, row.high) == pytest.approx((low, middle, high), rel=0.03)
    assert judged in row.sentence
    told = float(row.sentence.rstrip(".").rpartition("probability ")[2])
    assert told == pytest.approx(below, abs=0.011)
    assert row.verdict == verdict


def test_growth_exponent_and_kappa(published: dict[str, Incoherence]) -> None:
    assert published["growth exponent"].value == pytest.approx(0.44, abs=0.005)
    assert published["growth exponent"].verdict == "strained"
    kappa = published["hazard per unit of harm"]
    assert kappa.value == pytest.approx(0.95, abs=0.02)
    assert kappa.verdict == "strained"
    assert "0.0057" in kappa.sentence
    assert float(kappa.sentence.split("implies ")[1].split()[0]) == pytest.approx(0.0183, abs=2e-4)


def test_linear_severity_is_no_probability(published: dict[str, Incoherence]) -> None:
    assert published["linear severity, medium_term"].value == pytest.approx(0.87, abs=0.01)
    row = published["linear severity, transformative"]
    assert row.value == pytest.approx(5.5, abs=0.07)
    assert row.verdict == "incoherent"


def test_later_emergence_lies_above_the_current_row(published: dict[str, Incoherence]) -> None:
    row = published["emergence of GPT-4 class and later"]
    assert row.value == pytest.approx(0.42, abs=0.005)
    assert (row.low, row.high) == (None, None)
    assert row.verdict == "strained"


def test_predicted_medians_lie_inside_the_judged_rows(published: dict[str, Incoherence]) -> None:
    figures = load_figures()
    for name, horizon in figures.horizons.items():
        row = published[f"predicted catastrophe, {name}"]
        low, high = horizon.catastrophe
        assert low < row.value < high
        assert ", inside the judged" in row.sentence
    assert published["predicted catastrophe, medium_term"].high == pytest.approx(0.54, abs=0.01)


def test_success_follows_detectability(published: dict[str, Incoherence]) -> None:
    row = published["success and detectability"]
    assert row.verdict == "coherent"
    assert row.value > 0.95


def test_reversed_detectability_is_incoherent() -> None:
    figures = load_figures()
    words = dict(zip(figures.types, ("very low", "low", "medium", "high"), strict=True))
    types = {n: replace(row, detectability=words[n]) for n, row in figures.types.items()}
    row = found(replace(figures, types=types))["success and detectability"]
    assert row.verdict == "incoherent"
    assert row.value < 0.01


def test_equal_detectability_bounds_nothing() -> None:
    figures = load_figures()
    types = {n: replace(row, detectability="low") for n, row in figures.types.items()}
    assert "success and detectability" not in found(replace(figures, types=types))


def test_shares_of_a_quarter_each_cohere_and_tiny_shares_do_not() -> None:
    assert found(with_prevalence((0.15, 0.35)))["prevalence sum"].verdict == "coherent"
    assert found(with_prevalence((0.01, 0.05)))["prevalence sum"].verdict == "incoherent"


def test_a_row_made_by_one_hazard_is_coherent() -> None:
    # Near and medium from one kappa: systems x (1 - exp(-.01 x multiple)) at both ends.
    figures = load_figures()
    horizons = dict(figures.horizons)
    for name in ("near_term", "medium_term"):
        row = horizons[name]
        systems = sum(row.emergence) / 2 * sum(row.misaligned_given_emergence) / 2
        middle = -math.expm1(-0.01 * math.sqrt(math.prod(row.harm_multiple))) * systems
        horizons[name] = replace(row, catastrophe=(middle * 0.7, middle * 1.4))
    rows = found(replace(figures, horizons=horizons))
    assert rows["growth exponent"].value == pytest.approx(1, abs=0.1)
    assert rows["hazard per unit of harm"].verdict == "coherent"
    assert rows["growth to medium_term"].verdict == "coherent"


def test_catastrophe_beyond_misalignment_is_strained() -> None:
    likely = found(with_horizon("near_term", catastrophe=(0.2, 0.5)))
    row = likely["implied severity, near_term"]
    assert row.verdict in ("strained", "incoherent")
    assert row.high is not None
    assert row.high > 1
    assert math.isfinite(likely["growth to near_term"].value)


@pytest.mark.parametrize(
    ("horizon", "left"),
    [
        ("current", {"growth to medium_term", "growth exponent", "hazard per unit of harm"}),
        ("near_term", set()),
        ("medium_term", {"growth to near_term"}),
    ],
)
def test_catastrophe_beyond_every_draw_is_incoherent_and_compared_with_nothing(
    horizon: str, left: set[str]
) -> None:
    rows = found(with_horizon(horizon, catastrophe=(0.9, 0.99), emergence=(0.01, 0.02)), 1000)
    row = rows[f"implied severity, {horizon}"]
    assert row.verdict == "incoherent"
    assert row.value > 40
    assert "exceeds emergence times misalignment in 100.0% of draws" in row.sentence
    assert "left out" in row.sentence
    needing = {n for n in rows if n.startswith(("growth", "hazard"))}
    assert needing == left
    assert any(n.startswith("linear severity") for n in rows) == (horizon != "near_term")
    assert f"predicted catastrophe, {horizon}" in rows


def test_a_severity_possible_in_few_draws_is_compared_with_nothing() -> None:
    rows = found(with_horizon("medium_term", catastrophe=(0.5, 0.98)), 1000)
    row = rows["implied severity, medium_term"]
    assert row.verdict == "incoherent"
    share = float(row.sentence.partition("misalignment in ")[2].partition("%")[0]) / 100
    assert 0.5 < share < 1
    assert "growth exponent" not in rows
    assert "growth to near_term" in rows


def test_no_growth_of_harm_is_incoherent_and_has_no_exponent() -> None:
    # The medians are the geometric means: sqrt(2 x 8) / sqrt(4 x 10).
    rows = found(with_horizon("medium_term", harm_multiple=(2.0, 8.0)))
    row = rows["growth of the harm multiple"]
    assert row.verdict == "incoherent"
    assert row.value == pytest.approx(math.sqrt(0.4))
    assert (row.low, row.high) == (None, None)
    assert "0.632-fold, which is no growth" in row.sentence
    assert "growth exponent" not in rows
    assert "growth to medium_term" in rows
    same = found(with_horizon("medium_term", harm_multiple=(4.0, 10.0)), 1000)
    assert same["growth of the harm multiple"].value == pytest.approx(1)


def test_harm_that_grows_has_an_exponent(published: dict[str, Incoherence]) -> None:
    assert "growth exponent" in published
    assert "growth of the harm multiple" not in published


def test_an_interval_from_zero_is_a_beta_with_that_bound() -> None:
    # S = cat / (P_em P_mis) with both nearly fixed: its 95% quantile is .01 / (.5 x .5).
    fixed = (0.4999, 0.5001)
    figures = with_horizon("current", emergence=fixed, misaligned_given_emergence=fixed)
    row = found(figures, draws=100_000)["implied severity, current"]
    assert row.high == pytest.approx(0.04, rel=0.02)
    assert row.value == pytest.approx((1 - 0.5 ** (1 / 298.0729)) * 4, rel=0.03)


@pytest.mark.parametrize(
    ("horizon", "field", "interval", "fit"),
    [
        ("current", "catastrophe", (0.0, 1.0), "no Beta"),
        ("near_term", "emergence", (0.3, 0.3), "no Beta"),
        ("near_term", "harm_multiple", (0.0, 2.0), "no harm multiple"),
    ],
)
def test_figures_that_fit_no_distribution_cannot_be_made(
    horizon: str, field: str, interval: Interval, fit: str
) -> None:
    with pytest.raises(FiguresError, match=rf"^horizon\.{horizon}\.{field}: {fit}"):
        with_horizon(horizon, **{field: interval})


def test_an_unknown_word_of_detectability_is_refused() -> None:
    figures = load_figures()
    types = {**figures.types, "proxy": replace(figures.types["proxy"], detectability="so-so")}
    with pytest.raises(FiguresError, match=r"type\.proxy\.detectability is 'so-so'"):
        found(replace(figures, types=types), draws=1000)


def test_verdicts_are_ordered_by_their_limits() -> None:
    assert EQUAL_TAILS[0] > EQUAL_TAILS[1] > 0
    assert BOUND_SHARES[0] > BOUND_SHARES[1] > 0
    assert VERDICTS == ("coherent", "strained", "incoherent")


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (1.0, None, None, "fine"),
        (math.nan, None, None, "coherent"),
        (1.0, 0.5, None, "coherent"),
        (1.0, 0.5, math.inf, "coherent"),
    ],
)
def test_bad_records_are_refused(
    value: float, low: float | None, high: float | None, verdict: str
) -> None:
    with pytest.raises(ValueError, match="thing: "):
        Incoherence("thing", "A sentence.", value, low, high, verdict)


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="got 10 draws"):
        found(load_figures(), draws=10)
