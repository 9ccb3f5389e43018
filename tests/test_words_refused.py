"""Words that are none of a fixed set are refused by name, and those of it are taken as text too."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

import jaxtyping
import numpy as np
import pytest
import torch

from detect.monitors.baselines import OutputEntropy
from detect.monitors.disagreement_probe import DisagreementProbe
from detect.monitors.mahalanobis import Mahalanobis
from detect.monitors.seen import PublicInputs, access_of, reading_of
from evals.evidence.detector_rates import DetectorRates
from evals.gate.policy import PolicyRule
from evals.running.engines import EngineChoice
from evals.statistics.calibration import calibration
from evals.statistics.limit import Limit
from evals.studies.lead_time.lead_time import StepThresholds, aligned_thresholds
from evals.suite.build import Group
from evals.suite.suite import Rule
from organisms.recipes.triggered import Triggered
from organisms.records.certificate import Check
from organisms.records.expression import Expectation
from organisms.records.net_spec import NetSpec
from organisms.worlds.maze.shifts import LevelDistribution
from organisms.worlds.regression.shifts import ProblemDistribution
from organisms.worlds.tree.shifts import TreeDistribution
from probes.errors import MesascopeError
from probes.linear.closed_form import Method, fit_closed_form
from probes.linear.features import Features
from probes.linear.folds import Folds
from probes.linear.moments import training_moments
from probes.linear.rows import Rows, Targets
from probes.linear.sweep import Fit, sweep
from scripted import generator

ROWS = Rows.choose(
    Features.given({"s": torch.randn(60, 3, generator=generator())}),
    Targets.of({"y": torch.arange(60) % 3}),
    Folds.draw(60, count=3, generator=generator()),
)
TRAIN = training_moments(ROWS.blocks("s"), ROWS.targets, ROWS.folds)[0]
LIMIT = Limit(None, "none", "too few", 0, 0, 0.0)


def bare(function: Callable[..., object]) -> Callable[..., object]:
    """A function as users call it: while tests run, types of arguments are checked beforehand."""
    return inspect.unwrap(function)


CASES: dict[str, Callable[[str], object]] = {
    "Fit.method": lambda word: Fit(method=word),  # type: ignore[arg-type]
    "fit_closed_form": lambda word: bare(fit_closed_form)(
        TRAIN, ROWS.targets, method=word, alpha=1.0
    ),
    "NetSpec.attention": lambda word: NetSpec(attention=word),  # type: ignore[arg-type]
    "Expectation": lambda word: Expectation("shift", word, "coin"),  # type: ignore[arg-type]
    "Check": lambda word: Check("c", 0.5, (0.1, 0.9), 9, word, 0.5),  # type: ignore[arg-type]
    "in_context": lambda word: bare(Triggered.in_context)(None, None, word, generator=generator()),
    "placement": lambda word: LevelDistribution(placement=word),  # type: ignore[arg-type]
    "colouring": lambda word: LevelDistribution(colouring=word),  # type: ignore[arg-type]
    "query": lambda word: ProblemDistribution(query=word),  # type: ignore[arg-type]
    "function": lambda word: ProblemDistribution(function=word),  # type: ignore[arg-type]
    "listing": lambda word: TreeDistribution(listing=word),  # type: ignore[arg-type]
    "role": lambda word: OutputEntropy(role=word),  # type: ignore[arg-type]
    "source": lambda word: Mahalanobis(source=word),  # type: ignore[arg-type]
    "reference": lambda word: Mahalanobis(reference=word),  # type: ignore[arg-type]
    "probe source": lambda word: DisagreementProbe(source=word),  # type: ignore[arg-type]
    "access_of": lambda word: bare(access_of)(word),
    "reading_of": lambda word: bare(reading_of)(word, []),
    "of": lambda word: bare(PublicInputs.of)(None, word),
    "calibration": lambda word: bare(calibration)(np.zeros(9), np.zeros(9), 0.1, word),
    "Limit.basis": lambda word: Limit(0.5, word, "", 2, 9, 0.1),  # type: ignore[arg-type]
    "aligned_thresholds": lambda word: bare(aligned_thresholds)([], "d", 0.1, word),
    "StepThresholds": lambda word: StepThresholds(word, (0.5,), 3, 0.1),  # type: ignore[arg-type]
    "Rule.threshold": lambda word: Rule("r", ("d",), word),  # type: ignore[arg-type]
    "Group.role": lambda word: Group("r", word, 1, 0, "b"),  # type: ignore[arg-type]
    "engine": lambda word: EngineChoice(word),  # type: ignore[arg-type]
    "column role": lambda word: DetectorRates(
        "c", word, "misaligned", "outputs", (), LIMIT, (), (), 1.0, 1.0
    ),
    "column question": lambda word: DetectorRates(
        "c", "detector", word, "outputs", (), LIMIT, (), (), 1.0, 1.0
    ),
    "column kind": lambda word: DetectorRates(
        "c",
        "detector",
        "search",
        "outputs",
        (),
        LIMIT,
        (),
        (),
        1.0,
        1.0,
        word,  # type: ignore[arg-type]
    ),
    "rule subject": lambda word: PolicyRule("r", "w", "a", "b", word, above=1.0),  # type: ignore[arg-type]
    "rule unmeasured": lambda word: PolicyRule(
        "r",
        "w",
        "a",
        "b",
        "run",
        above=1.0,
        if_unmeasured=word,  # type: ignore[arg-type]
    ),
}


@pytest.fixture(autouse=True)
def unhooked() -> Iterator[None]:
    """As users call it: while other tests run, types of arguments are judged beforehand."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.parametrize("word", ["typo", "", "Means"])
@pytest.mark.parametrize("name", CASES)
def test_a_word_that_is_none_of_the_set_is_refused(name: str, word: str) -> None:
    with pytest.raises(MesascopeError, match="is one of") as refused:
        CASES[name](word)
    assert isinstance(refused.value, ValueError) or name == "engine"


def test_a_method_as_text_fits_what_it_says() -> None:
    for method in Method:
        assert Fit(method=str(method)).method is method  # type: ignore[arg-type]
    found = {str(method): sweep(ROWS, fit=Fit(method=str(method))).correct for method in Method}  # type: ignore[arg-type]
    for method in Method:
        assert torch.equal(found[str(method)], sweep(ROWS, fit=Fit(method=method)).correct)
