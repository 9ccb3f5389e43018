"""Prior-data conflict: calibrated under its own model, and blind neither way."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from evals.family_posterior import FamilyCount, FamilyPosterior, family_posterior
from evals.risk import Beliefs, Inputs, draw_inputs, load_figures, sample_cube
from evals.risk.conflict import Conflict, conflict, predictive_p
from evals.risk.scenario import horizons

FAMILIES = (25, 20, 30)


def posterior(*detected: int, of: int = 20) -> FamilyPosterior:
    found = family_posterior([FamilyCount(f"f{i}", k, of) for i, k in enumerate(detected)])
    assert found is not None
    return found


def generator() -> np.random.Generator:
    return np.random.default_rng(31)


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    figures = load_figures()
    cube = sample_cube(np.random.default_rng(32), 20_000)
    return draw_inputs(cube, Beliefs(figures), horizons(figures)[:1])["current"]


def simulated_p(rho_data: float, rho_model: float, sets: int) -> np.ndarray:
    """p of data sets drawn from the prior predictive at one rho, judged at another."""
    random = np.random.default_rng(33)
    size = (1 - rho_data) / rho_data
    values = []
    for _ in range(sets):
        truth = random.beta(4, 3)
        counts = [
            FamilyCount(
                str(i), int(random.binomial(n, random.beta(truth * size, (1 - truth) * size))), n
            )
            for i, n in enumerate(FAMILIES)
        ]
        judged = random.beta(4, 3, size=2000)
        values.append(predictive_p(judged, counts, rho=rho_model, generator=random))
    return np.array(values)


def test_p_is_uniform_under_the_prior_predictive() -> None:
    values = simulated_p(0.2, 0.2, 1500)
    counts, _ = np.histogram(values, np.linspace(0, 1, 11))
    # Totals of 75 networks are discrete, so p is a little large; 10 bins hide it at 1500 sets.
    assert stats.chisquare(counts).pvalue > 0.001
    assert np.mean(values <= 0.05) == pytest.approx(0.05, abs=0.02)


def test_taking_networks_as_independent_is_overconfident() -> None:
    values = simulated_p(0.5, 1e-6, 500)
    counts, _ = np.histogram(values, np.linspace(0, 1, 11))
    assert stats.chisquare(counts).pvalue < 1e-4
    assert np.mean(values <= 0.05) > 0.1


def test_one_family_is_a_beta_binomial_in_closed_form() -> None:
    # Judged d fixed at .3: T ~ BetaBinomial(20, .3 s, .7 s).
    rho = 0.1
    total = stats.betabinom(20, 0.3 * 9, 0.7 * 9)
    for seen in (0, 2, 6, 13):
        got = predictive_p(
            np.full(200_000, 0.3), [FamilyCount("f", seen, 20)], rho=rho, generator=generator()
        )
        wanted = min(1.0, 2 * min(total.cdf(seen), total.sf(seen - 1)))
        assert got == pytest.approx(wanted, abs=0.005)


def test_certain_detection_is_contradicted_by_one_miss() -> None:
    certain = np.ones(1000)
    count = [FamilyCount("f", 20, 20)]
    assert predictive_p(certain, count, rho=0.3, generator=generator()) == 1
    count = [FamilyCount("f", 19, 20)]
    assert predictive_p(certain, count, rho=0.3, generator=generator()) == 0


@pytest.mark.parametrize("rho", [0.0, 1.0, -0.1, float("nan")])
def test_rho_outside_its_range_is_refused(rho: float) -> None:
    with pytest.raises(ValueError, match="rho"):
        predictive_p(np.array([0.5]), [FamilyCount("f", 1, 2)], rho=rho, generator=generator())


def test_no_proxy_detected_of_sixty_contradicts_the_judgement(inputs: Inputs) -> None:
    found = conflict("proxy", inputs, posterior(0, 0, 0), generator=generator())
    assert found.predictive_p < 0.005
    assert found.overlap < 0.1
    assert found.below_success > 0.85
    assert "0 of 60" in found.sentence
    assert "below 0.01" in found.sentence


def test_expected_detections_agree_with_the_judgement(inputs: Inputs) -> None:
    found = conflict("proxy", inputs, posterior(17, 16, 18, 17), generator=generator())
    assert found.predictive_p > 0.5
    assert found.overlap > 0.6
    assert found.below_success < 0.25
    low = conflict("proxy", inputs, posterior(3, 2, 4, 3), generator=generator())
    assert low.predictive_p < found.predictive_p
    assert low.below_success > found.below_success


def test_each_type_is_compared_with_its_own_judgement(inputs: Inputs) -> None:
    few = posterior(4, 6, 5, 5)
    by_type = {t: conflict(t, inputs, few, generator=generator()) for t in ("proxy", "deceptive")}
    assert by_type["deceptive"].predictive_p > 0.3 > by_type["proxy"].predictive_p
    assert by_type["deceptive"].overlap > by_type["proxy"].overlap


def judging(inputs: Inputs, detection: np.ndarray) -> Inputs:
    few = inputs.take(np.arange(len(detection)))
    columns = few.detection.copy()
    columns[:, 0] = detection
    return replace(few, detection=columns)


def test_a_judgement_equal_to_the_measurement_overlaps_fully(inputs: Inputs) -> None:
    measured = posterior(9, 12, 15)
    same = judging(inputs, measured.draws(generator(), 20_000))
    assert conflict("proxy", same, measured, generator=generator()).overlap > 0.97


def test_overlap_with_a_flat_judgement_is_the_integral(inputs: Inputs) -> None:
    measured = posterior(*[14] * 6)
    flat = judging(inputs, (np.arange(20_000) + 0.5) / 20_000)
    got = conflict("proxy", flat, measured, generator=generator()).overlap

    # Where the density exceeds 1 the flat one is the smaller: 1 - integral of the excess.
    grid = np.linspace(0, 1, 401)
    cdf = np.array([measured.cdf(float(x)) for x in grid])
    density = np.diff(cdf) / np.diff(grid)
    wanted = integrate.trapezoid(np.minimum(1, density), (grid[1:] + grid[:-1]) / 2)
    assert got == pytest.approx(wanted, abs=0.01)


def test_below_success_is_an_expected_cdf(inputs: Inputs) -> None:
    measured = posterior(9, 12, 15)
    found = conflict("subgoal", inputs, measured, generator=generator())
    grid = np.linspace(0, 1, 101)
    cdf = np.interp(inputs.success[:, 1], grid, [measured.cdf(float(x)) for x in grid])
    assert found.below_success == pytest.approx(cdf.mean(), abs=0.012)


def test_the_same_seed_gives_the_same_report(inputs: Inputs) -> None:
    first, second = (
        conflict("pseudo", inputs, posterior(3, 8), generator=generator()) for _ in range(2)
    )
    assert first == second


def test_bad_requests_are_refused(inputs: Inputs) -> None:
    with pytest.raises(ValueError, match="unknown misalignment type 'evil'"):
        conflict("evil", inputs, posterior(3), generator=generator())
    for bad in (float("nan"), -0.1, 1.1):
        with pytest.raises(ValueError, match="overlap of proxy"):
            Conflict("proxy", 0.5, bad, 0.5, "A sentence.")
