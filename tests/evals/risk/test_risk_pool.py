"""The linear pool: its two ends, its linearity and its flags."""

import numpy as np
import pytest

from evals.family_posterior import FamilyCount, family_posterior
from evals.risk import (
    MISALIGNMENT_TYPES,
    TypeDraws,
    crossing_weight,
    load_figures,
    measured_success,
    pool,
    sample_cube,
    type_draws,
)
from evals.risk.pool import blend

COUNTS = [FamilyCount("a", 9, 20), FamilyCount("b", 1, 20), FamilyCount("c", 15, 20)]


@pytest.fixture(scope="module")
def types() -> TypeDraws:
    return type_draws(sample_cube(np.random.default_rng(91), 20_000), load_figures())


@pytest.fixture(scope="module")
def measured(types: TypeDraws) -> np.ndarray:
    posterior = family_posterior(COUNTS)
    return measured_success(types, dict.fromkeys(MISALIGNMENT_TYPES, posterior)).success


def test_weight_zero_returns_the_judged_bits(types: TypeDraws, measured: np.ndarray) -> None:
    np.testing.assert_array_equal(
        pool(types.success, measured, types.transport, 0.0).view(np.int64),
        types.success.view(np.int64),
    )
    np.testing.assert_array_equal(blend(types.success, measured, 0.0), types.success)
    lowest = np.zeros(20_000)
    np.testing.assert_array_equal(pool(types.success, measured, lowest, 0.0), types.success)


def test_weight_one_ignores_the_judged_detection(types: TypeDraws, measured: np.ndarray) -> None:
    for judged in (types.success, np.zeros_like(types.success), np.full_like(measured, np.nan)):
        np.testing.assert_array_equal(pool(judged, measured, types.transport, 1.0), measured)


def test_measured_success_is_the_new_family_rate_times_the_judged_correction(
    types: TypeDraws, measured: np.ndarray
) -> None:
    posterior = family_posterior(COUNTS)
    assert posterior is not None
    detection = measured / types.correction
    assert detection.mean(axis=0) == pytest.approx([posterior.mean] * 4, abs=0.012)
    other = TypeDraws(
        prevalence=types.prevalence,
        success=types.success / 2,
        detection=types.detection / 2,
        correction=types.correction,
        transport=types.transport,
        measured=types.measured,
    )
    again = measured_success(other, dict.fromkeys(MISALIGNMENT_TYPES, posterior)).success
    np.testing.assert_array_equal(again, measured)


def test_one_transport_draw_decides_for_all_types(types: TypeDraws, measured: np.ndarray) -> None:
    taken = pool(types.success, measured, types.transport, 0.3) == measured
    assert np.all(taken.all(axis=1) | ~taken.any(axis=1))
    assert taken.mean() == pytest.approx(0.3, abs=0.015)


def test_mean_is_linear_in_the_weight(types: TypeDraws, measured: np.ndarray) -> None:
    ends = types.success.mean(axis=0), measured.mean(axis=0)
    for weight in (0.1, 0.2, 0.5, 0.9):
        expected = (1 - weight) * ends[0] + weight * ends[1]
        blended = blend(types.success, measured, weight).mean(axis=0)
        assert blended == pytest.approx(expected, abs=1e-12)
        pooled = pool(types.success, measured, types.transport, weight).mean(axis=0)
        assert pooled == pytest.approx(expected, abs=0.01)


def test_type_without_measurement_stays_judged_and_is_named(types: TypeDraws) -> None:
    result = measured_success(types, {"proxy": family_posterior(COUNTS), "pseudo": None})
    assert result.unmeasured == ("subgoal", "pseudo", "deceptive")
    np.testing.assert_array_equal(result.success[:, 1:], types.success[:, 1:])
    assert np.any(result.success[:, 0] != types.success[:, 0])


def test_crossing_weight_meets_the_decision_level() -> None:
    assert crossing_weight(0.4, 0.6, 0.45) == pytest.approx(0.25)
    assert crossing_weight(0.6, 0.4, 0.45) == pytest.approx(0.75)
    assert crossing_weight(0.4, 0.6, 0.7) is None
    assert crossing_weight(0.4, 0.4, 0.4) is None


def test_bad_requests_are_refused(types: TypeDraws, measured: np.ndarray) -> None:
    for weight in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="transport weight"):
            pool(types.success, measured, types.transport, weight)
    with pytest.raises(ValueError, match=r"unknown misalignment types \['decptive'\]"):
        measured_success(types, {"decptive": None})
