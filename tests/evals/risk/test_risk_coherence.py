"""The judged rows against each other: the reference numbers, and figures made to agree or not."""

import math
from dataclasses import replace

import numpy as np
import pytest

from evals.risk.coherence import Incoherence, consistency
from evals.risk.figures import Figures, Interval, load_figures

FIGURES = load_figures()


def found(figures: Figures, draws: int = 20_000) -> dict[str, Incoherence]:
    rows = consistency(figures, generator=np.random.default_rng(21), draws=draws)
    assert len({row.name for row in rows}) == len(rows)
    return {row.name: row for row in rows}


@pytest.fixture(scope="module")
def published() -> dict[str, Incoherence]:
    return found(FIGURES, draws=100_000)


def with_horizon(name: str, **changes: Interval) -> Figures:
    changed = replace(FIGURES.horizons[name], **changes)
    return replace(FIGURES, horizons={**FIGURES.horizons, name: changed})


def test_prevalences_sum_to_more_than_one(published: dict[str, Incoherence]) -> None:
    row = published["prevalence sum"]
    assert row.value == pytest.approx(1.119, abs=0.002)
    assert "1.155" in row.sentence
    assert row.verdict == "strained"


def test_implied_severity_and_its_growth(published: dict[str, Incoherence]) -> None:
    for name, reference, within, verdict in (
        ("implied severity, current", [0.001, 0.016, 0.086], 0.015, "coherent"),
        ("implied severity, near_term", [0.027, 0.110, 0.319], 0.015, "coherent"),
        ("implied severity, medium_term", [0.084, 0.251, 0.567], 0.015, "coherent"),
        ("growth to near_term", [0.75, 7.3, 131], 0.03, "coherent"),
        ("growth to medium_term", [0.45, 2.5, 15.4], 0.03, "strained"),
    ):
        row = published[name]
        assert [row.low, row.value, row.high] == pytest.approx(reference, rel=within, abs=6e-4)
        assert row.verdict == verdict, name
    for name, judged, below in (("near_term", "6.3-fold", 0.46), ("medium_term", "7.9-fold", 0.83)):
        sentence = published[f"growth to {name}"].sentence
        assert judged in sentence
        told = float(sentence.rstrip(".").rpartition("probability ")[2])
        assert told == pytest.approx(below, abs=0.011)


def test_predicted_medians_lie_inside_the_judged_rows(published: dict[str, Incoherence]) -> None:
    for name, horizon in FIGURES.horizons.items():
        row = published[f"predicted catastrophe, {name}"]
        low, high = horizon.catastrophe
        assert low < row.value < high
    assert published["predicted catastrophe, medium_term"].high == pytest.approx(0.54, abs=0.01)


def test_shares_of_a_quarter_each_cohere_and_tiny_shares_do_not() -> None:
    for prevalence, verdict in (((0.15, 0.35), "coherent"), ((0.01, 0.05), "incoherent")):
        types = {n: replace(row, prevalence=prevalence) for n, row in FIGURES.types.items()}
        assert found(replace(FIGURES, types=types))["prevalence sum"].verdict == verdict


def test_a_row_made_by_one_hazard_is_coherent() -> None:
    # Near and medium from one kappa: systems x (1 - exp(-.01 x multiple)) at both ends.
    horizons = dict(FIGURES.horizons)
    for name in ("near_term", "medium_term"):
        row = horizons[name]
        systems = sum(row.emergence) / 2 * sum(row.misaligned_given_emergence) / 2
        middle = -math.expm1(-0.01 * math.sqrt(math.prod(row.harm_multiple))) * systems
        horizons[name] = replace(row, catastrophe=(middle * 0.7, middle * 1.4))
    rows = found(replace(FIGURES, horizons=horizons))
    assert rows["growth to medium_term"].verdict == "coherent"


def test_catastrophe_beyond_every_draw_is_incoherent_and_compared_with_nothing() -> None:
    all_kept = {"current": {"growth to medium_term"}, "near_term": set(),
                "medium_term": {"growth to near_term"}}  # fmt: skip
    for horizon, kept in all_kept.items():
        beyond = with_horizon(horizon, catastrophe=(0.9, 0.99), emergence=(0.01, 0.02))
        rows = found(beyond, 1000)
        row = rows[f"implied severity, {horizon}"]
        assert row.verdict == "incoherent"
        assert row.value > 40
        assert "0.0%" in row.sentence
        assert {name for name in rows if name.startswith("growth")} == kept
        assert f"predicted catastrophe, {horizon}" in rows


def test_a_severity_possible_in_few_draws_is_compared_with_nothing() -> None:
    rows = found(with_horizon("medium_term", catastrophe=(0.5, 0.98)), 1000)
    row = rows["implied severity, medium_term"]
    assert row.verdict == "incoherent"
    assert 0 < float(row.sentence.partition("at most 1 in ")[2].partition("%")[0]) < 50
    assert {name for name in rows if name.startswith("growth")} == {"growth to near_term"}


def test_an_interval_from_zero_is_a_beta_with_that_bound() -> None:
    # S = cat / (P_em P_mis) with both nearly fixed: its 95% quantile is .01 / (.5 x .5).
    fixed = (0.4999, 0.5001)
    figures = with_horizon("current", emergence=fixed, misaligned_given_emergence=fixed)
    row = found(figures, draws=100_000)["implied severity, current"]
    assert row.high == pytest.approx(0.04, rel=0.02)
    assert row.value == pytest.approx((1 - 0.5 ** (1 / 298.0729)) * 4, rel=0.03)
