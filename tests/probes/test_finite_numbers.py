"""NaN and infinity are refused by name wherever a number comes in, and so are labels of NaN."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import jaxtyping
import numpy as np
import pytest
import torch
from torch import nn

from detect.contract.detector import Detector, DetectorError
from detect.gating.context_gate import GateSearch
from detect.goals.goal_representation import GoalDecodability
from detect.inside.noise import WeightNoise
from detect.registry import load_detector
from detect.triggers.relaxed_context import Schedule
from evals.gate.policy import PolicyRule
from evals.risk.figures import Beliefs, load_figures
from evals.risk.transport import read_transport
from evals.statistics.exact_tests import Pair
from evals.statistics.limit import Limit, rank_limit
from evals.statistics.power import networks_to_show, paired_power, simulated
from evals.statistics.rates import auroc, rate
from evals.studies.monitoring.watch_network import WatchSettings
from organisms.nets.regressor import AnswerBins
from organisms.recipes.labelled import Habit
from organisms.records.bars import AdmissionSpec
from organisms.records.training_spec import TrainingSpec
from organisms.records.truth import Trigger
from organisms.worlds.keys.shifts import LevelDistribution as KeysDistribution
from organisms.worlds.maze.shifts import LevelDistribution
from organisms.worlds.regression.shifts import ProblemDistribution
from organisms.worlds.tree.shifts import TreeDistribution
from organisms.zoo.spec import OrganismSpec
from probes.arguments import ArgumentError, require_number
from probes.causal.intervene import ablated, noised, patched, steered
from probes.errors import MesascopeError
from probes.linear.affine import solve_ridge
from probes.linear.closed_form import Method, fit_closed_form
from probes.linear.features import Features
from probes.linear.folds import Folds, Split
from probes.linear.logistic import fit_logistic
from probes.linear.moments import training_moments
from probes.linear.rows import Rows, TargetError, Targets
from probes.linear.sweep import Fit
from probes.world.in_context import Design, ridge
from scripted import generator

NET = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 4))
DESIGN = Design(torch.randn(2, 5, 3, generator=generator()), torch.randn(2, 3))
ROWS = Rows.choose(
    Features.given({"s": torch.randn(30, 3, generator=generator())}),
    Targets.of({"y": torch.arange(30) % 2}),
    Folds.draw(30, count=3, generator=generator()),
)
TRAIN = training_moments(ROWS.blocks("s"), ROWS.targets, ROWS.folds)[0]
SIZE = {"families": 2, "networks": 2, "spread": 0.0, "alpha": 0.1, "detection": 0.5}
RULE = {"name": "r", "when": "w", "action": "a", "because": "b", "applies_to": "run"}


def rule(**threshold: float) -> PolicyRule:
    return PolicyRule(**RULE, **threshold)  # type: ignore[arg-type]


def entered(context: object) -> None:
    with context:  # type: ignore[attr-defined]
        NET(torch.arange(9)[None])


def solo(make: Callable[..., object], *names: str) -> dict[str, Callable[[float], object]]:
    """One case for each argument of a maker."""
    return {f"{make.__name__}.{name}": lambda x, name=name: make(**{name: x}) for name in names}


CASES: dict[str, Callable[[float], object]] = {
    **solo(Fit, "alpha", "inverse_penalty"),
    "fit_closed_form.alpha": lambda x: fit_closed_form(
        TRAIN, ROWS.targets, method=Method.ridge, alpha=x
    ),
    "fit_logistic.inverse_penalty": lambda x: fit_logistic(
        list, TRAIN, ROWS.targets, inverse_penalty=x
    ),
    "fit_logistic.tolerance": lambda x: fit_logistic(list, TRAIN, ROWS.targets, tolerance=x),
    "solve_ridge.alpha": lambda x: solve_ridge(np.eye(4), np.eye(4), alpha=x),
    "in_context.ridge.penalty": lambda x: ridge(DESIGN, x),
    "Split.draw.test_share": lambda x: Split.draw(9, test_share=x, generator=generator()),
    "steered.strength": lambda x: entered(steered(NET, {"1": torch.ones(4)}, strength=x)),
    "steered.directions": lambda x: entered(steered(NET, {"1": torch.full((4,), x)})),
    "noised.scale": lambda x: entered(noised(NET, ["1"], scale=x, generator=generator())),
    "ablated.means": lambda x: entered(ablated(NET, ["1"], means={"1": torch.full((4,), x)})),
    "patched.values": lambda x: entered(patched(NET, {"1": torch.full((1, 9, 4), x)})),
    **solo(TrainingSpec, "learning_rate", "weight_decay"),
    **solo(
        AdmissionSpec, "min_competence", "equivalence_margin", "min_pursued", "max_left",
        "min_near_miss", "min_tie_break",
    ),
    **solo(Habit, "context_ratio", "weight_decay"),
    **solo(AnswerBins, "reach", "spread"),
    **solo(LevelDistribution, "off_corner", "wall_density", "instruct_rate", "recoloured"),
    **solo(KeysDistribution, "needed_share", "wall_density", "instruct_rate"),
    **solo(TreeDistribution, "decorrelated", "depth_bias", "instruct_rate"),
    **solo(ProblemDistribution, "off_last", "noise", "query_scale", "gap", "instruct_rate"),
    "ProblemDistribution.fixed": lambda x: ProblemDistribution(fixed=(x, 1.0)),
    "Trigger.rarity": lambda x: Trigger((0,), (1,), x),
    **solo(GoalDecodability, "alpha"),
    **solo(GateSearch, "scale"),
    "WeightNoise.scales": lambda x: WeightNoise(scales=(0.1, x)),
    "Schedule.learning_rate": lambda x: Schedule(n_restarts=1, n_steps=1, learning_rate=x),
    "Schedule.scale": lambda x: Schedule(n_restarts=1, n_steps=1, learning_rate=1.0, scale=x),
    **solo(WatchSettings, "alpha"),
    **solo(rule, "above", "below", "at_least", "at_most"),
    "Beliefs.supposed": lambda x: Beliefs(load_figures(), supposed={"emergence": x}),
    "transport": lambda x: read_transport(str(x)),
    "transport step": lambda x: read_transport(f"small_to_large={x}"),
    "rank_limit.alpha": lambda x: rank_limit(np.zeros(9), x),
    "rate.level": lambda x: rate(1, 2, level=x),
    "auroc.level": lambda x: auroc(np.zeros(2), np.ones(2), level=x),
    "Limit.level": lambda x: Limit(0.5, "rank", "", 2, 9, x),
    "Limit.largest": lambda x: Limit(0.5, "rank", "", 2, 9, 0.1, x),
    "Pair.seen_p": lambda x: Pair("a", "b", 1, 1, 1, 1, x, 0.5),
    "Pair.families_p": lambda x: Pair("a", "b", 1, 1, 1, 1, 0.5, x),
    "networks_to_show": lambda x: networks_to_show(x, 0),
    "paired_power.first_only": lambda x: paired_power(x, 0.0, 9),
    **{
        f"simulated.{name}": lambda x, name=name: simulated(
            np.random.default_rng(0), **{**SIZE, name: x}
        )
        for name in ("spread", "alpha", "detection")
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def unhooked() -> Iterator[None]:
    """As users call it: while other tests run, types of arguments are judged beforehand."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", CASES)
def test_a_number_that_is_not_finite_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(MesascopeError) as refused:
        CASES[name](value)
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400"])
def test_no_specification_trains_at_a_rate_that_is_not_finite(value: str) -> None:
    spec = replace(OrganismSpec(recipe="maze/aligned_plain", seed=1))
    text = spec.to_toml().replace("learning_rate = 0.0025", f"learning_rate = {value}")
    assert value in text
    with pytest.raises(MesascopeError, match=r"learning_rate|finite"):
        OrganismSpec.from_toml(text)


LABELS = {
    "NaN": [0.0, 1.0, math.nan, math.nan],
    "one NaN": [0.0, 1.0, 0.0, math.nan],
    "infinity": [0.0, 1.0, 0.0, math.inf],
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_that_are_not_finite_are_refused_by_name(name: str) -> None:
    with pytest.raises(TargetError, match="'y'"):
        Targets.of({"x": torch.arange(4), "y": torch.tensor(LABELS[name])})


def test_a_detector_says_a_finite_cost() -> None:
    from detect.contract.detector import require_detector

    class Costly(load_detector("random_score")):  # type: ignore[misc]
        cost = math.nan

    with pytest.raises(DetectorError, match="cost must be a finite number"):
        require_detector(Costly)
    assert issubclass(Costly, Detector)


@pytest.mark.parametrize(
    ("bounds", "value", "said"),
    [
        ({}, math.nan, "a number and finite, got nan"),
        ({"above": 0}, 0.0, "positive and finite, got 0.0"),
        ({"least": 0}, -1, "at least 0 and finite, got -1"),
        ({"least": 0, "below": 1}, 1.0, r"must lie in \[0, 1\), got 1.0"),
        ({"above": 0, "most": 1}, 0, r"must lie in \(0, 1\], got 0"),
        ({"most": 5}, 10**400, "at most 5 and finite"),
        ({}, True, "a number and finite, got True"),
    ],
)
def test_a_refusal_says_what_came_and_what_was_wanted(
    bounds: dict[str, float], value: float, said: str
) -> None:
    with pytest.raises(ArgumentError, match=f"size .*{said}"):
        require_number("size", value, **bounds)
