"""The linear pool: its two ends, its linearity and its flags."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from worked_example import FIGURES, drawn, families, posterior

from evals.risk.decomposition import Inputs, evaluate, success_at
from evals.risk.figures import MISALIGNMENT_TYPES, Beliefs, QuestionError
from evals.risk.transport import load_transport, read_transport
from evals.statistics.family_posterior import FamilyPosterior

SEEN = posterior(families(9, 1, 15))
EVERY = dict.fromkeys(MISALIGNMENT_TYPES, SEEN)


def seen_by(
    detection: Mapping[str, FamilyPosterior | None], sweep: FamilyPosterior | None = None
) -> Inputs:
    return drawn(Beliefs(FIGURES, detection, sweep, sweep), 20_000, 91)


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return seen_by(EVERY)


def test_weight_zero_returns_the_judged_bits_and_the_risk_of_no_measurement(inputs: Inputs) -> None:
    bits = inputs.success.view(np.int64)
    for one in (inputs, replace(inputs, transport=np.zeros(20_000))):
        np.testing.assert_array_equal(success_at(one, 0.0).view(np.int64), bits)
    judged, pooled = evaluate(seen_by({}), 1.0), evaluate(inputs, 0.0)
    for name in ("unmitigated", "residual", "fraction"):
        np.testing.assert_array_equal(getattr(judged, name), getattr(pooled, name))


def test_weight_one_ignores_the_judged_detection(inputs: Inputs) -> None:
    measured = success_at(inputs, 1.0)
    for judged in (np.zeros_like(inputs.success), np.full_like(inputs.success, np.nan)):
        other = replace(inputs, success=judged, detection=judged)
        np.testing.assert_array_equal(success_at(other, 1.0), measured)


def test_measured_success_is_the_new_family_rate_times_correction() -> None:
    """With correction independent of detection; `test_risk_laws` has the law given detection."""
    apart = drawn(Beliefs(FIGURES, EVERY, given=False), 20_000, 91)
    detection = success_at(apart, 1.0) / apart.correction
    assert detection.mean(axis=0) == pytest.approx([SEEN.mean] * 4, abs=0.012)


def test_one_transport_draw_decides_for_all_types_as_often_as_its_weight(inputs: Inputs) -> None:
    taken = success_at(inputs, 0.3) == success_at(inputs, 1.0)
    assert np.all(taken.all(axis=1) | ~taken.any(axis=1))
    assert taken.mean() == pytest.approx(0.3, abs=0.015)


def test_type_without_measurement_stays_judged_and_is_named() -> None:
    one = seen_by({"proxy": SEEN, "pseudo": None})
    assert np.isnan(one.measured).all(axis=0).tolist() == [False, True, True, True]
    success = success_at(one, 1.0)
    np.testing.assert_array_equal(success[:, 1:], one.success[:, 1:])
    assert np.any(success[:, 0] != one.success[:, 0])


def test_a_sweep_moves_emergence_by_the_same_draw_as_detection() -> None:
    one = seen_by({"proxy": SEEN}, SEEN)
    judged, measured, half = (evaluate(one, w) for w in (0.0, 1.0, 0.5))
    taken = one.transport < 0.5
    for name in ("unmitigated", "residual"):
        expected = np.where(taken, getattr(measured, name), getattr(judged, name))
        np.testing.assert_array_equal(getattr(half, name), expected)
    assert np.any(judged.unmitigated != measured.unmitigated)
    np.testing.assert_array_equal(judged.unmitigated, evaluate(seen_by({}), 1.0).unmitigated)


def test_the_weight_is_a_product_of_steps_and_it_or_they_can_be_stated() -> None:
    usual = load_transport()
    assert np.prod([step.judged for step in usual.steps]) == usual.weight == 0.2
    assert all(step.void for step in usual.steps)
    assert all("arxiv.org/abs/" in drop for step in usual.steps for drop in step.drops)
    assert read_transport("0.2") == usual
    whole = read_transport("0.5")
    assert (whole.weight, whole.product) == (0.5, 0.2)
    some = read_transport("small_to_large=0.25, naive_to_adaptive=1")
    assert some.weight == pytest.approx(0.8 * 0.25)
    assert some.steps[0] == usual.steps[0]
    for text, word in (
        ("1.2", "outside"), ("often", "neither"), ("small_to_large=often", "neither"),
        ("small=0.2", "unknown"), ("small_to_large=2", "outside"),
    ):  # fmt: skip
        with pytest.raises(QuestionError, match=word):
            read_transport(text)
