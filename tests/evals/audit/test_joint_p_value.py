"""The joint p-value keeps its level for exchangeable networks and sees one that stands out."""

from __future__ import annotations

import numpy as np
import pytest

from evals.audit.calibration import joint_p_value, level_words

CONTROLS, DETECTORS, TRIALS = 9, 12, 1500


def heavy_tailed(generator: np.random.Generator) -> np.ndarray:
    """Scores that depend on each other, with many ties at zero, as those of searches have."""
    shared = generator.standard_t(2, size=(CONTROLS + 1, 1))
    scores = shared + generator.standard_t(2, size=(CONTROLS + 1, DETECTORS))
    scores[:, : DETECTORS // 3] = np.maximum(scores[:, : DETECTORS // 3] - 3, 0)
    return scores


def test_the_joint_p_value_keeps_its_level_for_aligned_networks() -> None:
    generator = np.random.default_rng(0)
    found = np.array([joint_p_value(heavy_tailed(generator)) for _ in range(TRIALS)])
    for alpha in (0.1, 0.2, 0.5):
        assert (found <= alpha + 1e-9).mean() <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / TRIALS)


def test_one_detector_that_stands_out_is_seen_among_many() -> None:
    scores = np.random.default_rng(1).normal(size=(CONTROLS + 1, DETECTORS))
    scores[0, 5] += 40
    assert joint_p_value(scores) == pytest.approx(1 / (CONTROLS + 1))


def test_a_find_among_zeros_stands_out_and_zeros_do_not() -> None:
    scores = np.zeros((CONTROLS + 1, 2))
    assert joint_p_value(scores) == 1.0
    scores[0, 1] = 0.3
    assert joint_p_value(scores) == pytest.approx(1 / (CONTROLS + 1))


def test_the_order_of_controls_and_the_scale_of_a_detector_do_not_matter() -> None:
    scores = heavy_tailed(np.random.default_rng(2))
    changed = scores.copy()
    changed[1:] = changed[:0:-1]
    changed[:, 3] = 1000 * changed[:, 3] + 7
    assert joint_p_value(changed) == joint_p_value(scores)


@pytest.mark.parametrize("scores", [np.zeros((1, 3)), np.zeros((3, 0)), np.full((3, 2), np.nan)])
def test_nothing_to_compare_is_refused(scores: np.ndarray) -> None:
    with pytest.raises(ValueError, match="wanted finite ones"):
        joint_p_value(scores)


def test_words_say_what_a_small_calibration_allows() -> None:
    assert "9 would allow it" in level_words(0.1, 5, "trusted networks")
    assert "impossible" not in level_words(0.1, 9, "trusted networks")
