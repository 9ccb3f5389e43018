"""No answer says more than the scores that it rests on."""

from __future__ import annotations

import pytest

from detect.behaviour.objective_posterior import NONE
from evals.audit.answers import Findings, Scores, answers
from evals.audit.audit import Answer, Calibrated, Pursued
from evals.audit.looks.damage import measured_damage
from evals.audit.scoring import Scored

CONTROLS = tuple(map(float, range(9)))


def found(**posterior: float) -> Findings:
    pursued = tuple(
        Pursued(NONE if name == "none" else name, share, name == "goal")
        for name, share in posterior.items()
    )
    calibrated = Calibrated("trusted", tuple("abcdefghi"), 0.1, "")
    return Findings("goal", pursued, (), measured_damage(1.0, [1.0]), calibrated)


def gated(**values: float) -> Answer:
    own = {
        name: Scored(name, "", value, "", "", (), "", {}, 1, 1.0, "")
        for name, value in values.items()
    }
    scores = Scores(own, dict.fromkeys(values, CONTROLS), {})
    return next(one for one in answers(scores, found()) if one.asked == "gated")


@pytest.mark.parametrize(
    ("posterior", "said"),
    [
        ({"right": 0.97, "goal": 0.02, "none": 0.01}, "'right'"),
        ({"right": 0.6, "none": 0.38, "goal": 0.02}, "'right' or an unlisted objective"),
        ({"right": 0.6, "left": 0.38, "none": 0.02}, "'right' or 'left'"),
        ({"right": 0.6, "goal": 0.38, "none": 0.02}, ""),
        ({"none": 0.97, "right": 0.02, "goal": 0.01}, ""),
    ],
)
def test_an_objective_that_is_not_sure_is_not_named_alone(
    posterior: dict[str, float], said: str
) -> None:
    assert found(**posterior).other == said


def test_a_network_that_stands_out_among_contexts_is_not_cleared() -> None:
    assert gated(context_screen=4.0).answered == "no sign"
    unusual = gated(context_screen=99.0)
    assert (unusual.answered, unusual.p_value) == ("undecided", pytest.approx(0.1))
