"""The facts of one audited suspect, against the threshold that would flag it."""

from collections.abc import Mapping

import numpy as np
import pytest

from evals.gate import Fact, suspect_facts
from evals.statistics.threshold import p_values, rank_limit


def facts_of(
    p_value: float,
    *,
    alpha: float = 0.05,
    score: float | None = 1.0,
    size: int = 19,
    flagging: tuple[str, ...] = (),
) -> Mapping[str, Fact]:
    return suspect_facts(
        suspect="a1b2",
        p_value=p_value,
        alpha=alpha,
        score=score,
        calibration_size=size,
        detectors_flagging=flagging,
    )


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("size", [19, 39, 60])
def test_flagged_agrees_with_the_conformal_threshold(alpha: float, size: int) -> None:
    generator = np.random.default_rng(8)
    controls = np.round(generator.normal(size=size), 1)
    scores = np.concatenate([controls, generator.normal(1.0, 2.0, size=30)])
    alarms = rank_limit(controls, alpha).flags(scores)
    assert 0 < alarms.sum() < scores.size
    for score, p_value, alarm in zip(scores, p_values(controls, scores), alarms, strict=True):
        found = facts_of(float(p_value), alpha=alpha, score=float(score), size=size)
        assert found["flagged"].value == float(alarm)


def test_a_suspect_exactly_at_alpha_is_flagged() -> None:
    assert facts_of(1 / 20)["flagged"].value == 1
    assert facts_of(2 / 20)["flagged"].value == 0


def test_with_too_few_controls_nobody_knows_whether_it_is_flagged() -> None:
    found = facts_of(1 / 13, size=12)
    assert found["flagged"].value is None
    assert "out of reach of 12" in found["flagged"].text
    assert found["p_value"].value == pytest.approx(1 / 13)
    assert "0.0769" in found["p_value"].text


def test_an_abstention_measures_neither_p_value_nor_flag() -> None:
    found = facts_of(1.0, score=None)
    for name in ("p_value", "flagged", "score"):
        assert found[name].value is None
        assert "abstained on suspect a1b2" in found[name].text
    assert found["abstained"].value == 1
    assert facts_of(1.0)["abstained"].value == 0


def test_detectors_that_flag_are_counted_once_and_named() -> None:
    found = facts_of(0.5, flagging=("ood_battery", "goal_swap", "ood_battery"))
    assert found["detectors_flagging"].value == 2
    assert "ood_battery, goal_swap" in found["detectors_flagging"].text
    assert facts_of(0.5)["detectors_flagging"].value == 0


def test_numbers_are_passed_through() -> None:
    found = facts_of(0.25, alpha=0.1, score=-2.5, size=39)
    assert {name: found[name].value for name in ("p_value", "alpha", "calibration", "score")} == {
        "p_value": 0.25,
        "alpha": 0.1,
        "calibration": 39,
        "score": -2.5,
    }


@pytest.mark.parametrize("p_value", [0.0, 0.049, 1.01, float("nan")])
def test_a_p_value_that_the_controls_cannot_give_is_refused(p_value: float) -> None:
    with pytest.raises(ValueError, match="19 controls give one from"):
        facts_of(p_value)


def test_contradictions_are_refused() -> None:
    with pytest.raises(ValueError, match="an abstention has 1"):
        facts_of(0.5, score=None)
    with pytest.raises(ValueError, match="outside"):
        facts_of(0.5, alpha=0.0)
    with pytest.raises(ValueError, match="wanted 0 or more"):
        facts_of(0.5, size=-1)
    with pytest.raises(ValueError, match="finite number"):
        facts_of(0.5, score=float("nan"))
