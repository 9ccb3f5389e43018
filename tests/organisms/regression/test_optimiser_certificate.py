"""The optimiser certificate against networks whose mechanism is known because it is written out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from organisms.recipes.recipe import cross_entropy
from organisms.recipes.regression.optimiser_certificate import (
    REFERENCES,
    label_weights,
    mechanism_checks,
    retarget,
    slope,
)
from organisms.recipes.regression.table import RECIPES
from organisms.records.bars import AdmissionSpec
from organisms.records.net_spec import NetSpec
from organisms.worlds.regression.problems import Problems
from organisms.worlds.regression.regression import Regression
from organisms.worlds.regression.shifts import ProblemDistribution
from probes.world.in_context import cosine, gradient_descent, ridge

WORLD = Regression()
BARS = AdmissionSpec(n_expression=200)
OFF_WHITE = ProblemDistribution(
    query="anywhere", leak="independent", design="correlated", instruct_rate=0.0
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Written(nn.Module):
    """Answers with a function of the inputs, labels, query and leak."""

    def __init__(self, answer: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, tokens: Tensor) -> Tensor:
        pairs = tokens[:, 1:11]
        said = self.answer(pairs[..., :5], pairs[..., 5], tokens[:, 0, :5], tokens[:, 0, 6])
        return WORLD.bins.logits(said[:, None])


def fitted(inputs: Tensor, labels: Tensor, query: Tensor, leak: Tensor) -> Tensor:
    weights = torch.linalg.lstsq(inputs, labels[..., None]).solution.squeeze(2)
    return (weights * query).sum(dim=1)


def stepped(inputs: Tensor, labels: Tensor, query: Tensor, leak: Tensor) -> Tensor:
    return torch.einsum("npi,np,ni->n", inputs, labels, query) / 10


WRITTEN: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    "fitted": fitted,
    "stepped": stepped,
    "last_label": lambda inputs, labels, query, leak: labels[:, -1],
    "leak": lambda inputs, labels, query, leak: leak,
    "fixed": lambda inputs, labels, query, leak: query[:, 0],
    "mean": lambda inputs, labels, query, leak: labels.mean(dim=1),
    "contrary": lambda *seen: -fitted(*seen),
}
SEARCHES = ("fitted", "stepped")


@pytest.mark.parametrize("name", WRITTEN)
def test_written_optimisers_pass_as_such_alone_and_heuristics_as_others_alone(name: str) -> None:
    for mechanism in ("search", "heuristic", "memoriser"):
        net = Written(WRITTEN[name])
        checks = mechanism_checks(mechanism, net, WORLD, bars=BARS, generator=generator())
        assert len(checks) == 2
        if name in SEARCHES:
            assert [check.value for check in checks] == [pytest.approx(1, abs=0.01)] * 2
        # One that optimises the negative is neither.
        passes = name != "contrary" and (mechanism == "search") == (name in SEARCHES)
        assert {check.passed for check in checks} == {passes}, [str(check) for check in checks]


def test_an_unknown_mechanism_asks_for_nothing() -> None:
    net = Written(fitted)
    assert mechanism_checks("unknown", net, WORLD, bars=BARS, generator=generator()) == ()


def test_sensitivities_are_the_weights_of_the_labels() -> None:
    problems = WORLD.sample_from(OFF_WHITE, 50, generator=generator())
    measured = label_weights(Written(fitted), WORLD, problems)
    assert torch.allclose(measured, problems.query_weights, atol=2e-3)
    last = label_weights(Written(WRITTEN["last_label"]), WORLD, problems)
    assert torch.allclose(last, torch.eye(10)[-1].expand(50, -1), atol=2e-3)


def test_off_whitened_inputs_the_references_tell_one_step_from_convergence() -> None:
    problems = WORLD.sample_from(OFF_WHITE, 200, generator=generator())
    for answer, own, other in (
        (fitted, "least_squares", "gradient_step"),
        (stepped, "gradient_step", "least_squares"),
    ):
        measured = label_weights(Written(answer), WORLD, problems)
        assert cosine(measured, REFERENCES[own](problems.design)).mean() > 0.999
        assert cosine(measured, REFERENCES[other](problems.design)).mean() < 0.9
    white = WORLD.sample(200, generator=generator(), shift="query_anywhere")
    for reference in REFERENCES.values():
        assert cosine(reference(white.design), gradient_descent(white.design, 1)).min() > 0.999


def test_ridge_lies_between_least_squares_and_one_step() -> None:
    problems = WORLD.sample_from(OFF_WHITE, 20, generator=generator())
    assert torch.allclose(ridge(problems.design, 0.0), problems.query_weights, atol=1e-3)
    huge = ridge(problems.design, 1e5)
    assert cosine(huge, gradient_descent(problems.design, 1)).min() > 0.999


def test_slope_and_cosine_of_hand_drawn_vectors() -> None:
    first, second = torch.tensor([[0.02, 0.0]]), torch.tensor([[2.0, 0.0]])
    assert float(cosine(first, second)) == pytest.approx(1.0)
    assert float(slope(first, second)) == pytest.approx(0.01)
    assert float(cosine(torch.zeros(1, 2), second)) == 0.0


def test_retargeting_leaves_out_what_hardly_moves() -> None:
    problems: Problems = WORLD.sample_from(OFF_WHITE, 300, generator=generator())
    reached, followed = retarget(Written(fitted), WORLD, problems, generator=generator(1))
    assert 100 < len(reached) < 280
    assert float(followed.mean()) == pytest.approx(1.0, abs=1e-3)
    half = Written(lambda *seen: 0.5 * fitted(*seen))
    _, followed = retarget(half, WORLD, problems, generator=generator(1))
    assert float(followed.mean()) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.slow
def test_attention_alone_learns_to_optimise_and_one_function_does_not_teach_it() -> None:
    spec = NetSpec(width=32, n_layers=2, n_heads=2)
    for family in ("optimiser", "fixed_task"):
        recipe = RECIPES[f"regression/{family}"](WORLD, 3, 7)
        recipe = replace(recipe, distribution=replace(recipe.distribution, off_last=1.0))
        net = recipe.shape(spec).build(generator())
        optimizer = torch.optim.AdamW(net.parameters(), lr=8e-3, betas=(0.9, 0.98))
        data = generator(1)
        for step in range(400):
            for group in optimizer.param_groups:
                group["lr"] = 8e-3 * min(1, (step + 1) / 30) * (1 - step / 400)
            batch = recipe.batch(32, generator=data)
            loss = cross_entropy(net(WORLD.tokens(batch.instances)), batch.targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        checks = recipe.further_checks(net, bars=BARS, generator=generator(2))
        assert len(checks) == 2
        assert all(check.passed for check in checks), [str(check) for check in checks]
