"""The regressor and what it can hold, and the certificate that a network optimises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import pytest
import torch
from torch import Tensor, nn

from organisms.growing.train import train
from organisms.nets.regressor import AnswerBins, RegressorNet, RegressorShape
from organisms.recipes.regression.optimiser_certificate import (
    REFERENCES,
    label_weights,
    mechanism_checks,
    retarget,
    slope,
)
from organisms.recipes.table import RECIPES
from organisms.records.bars import AdmissionSpec
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.regression.problems import Problems
from organisms.worlds.regression.regression import Regression
from organisms.worlds.regression.shifts import ProblemDistribution
from organisms.zoo.spec import OrganismSpec
from probes.network.capture import capture
from probes.world.in_context import cosine, gradient_descent, ridge
from scripted import generator

WORLD = Regression()
SMALL = NetSpec(width=16, n_layers=2, n_heads=2, mlp_ratio=2)


def test_the_number_comes_back_from_its_logits_whatever_is_added() -> None:
    bins = AnswerBins()
    numbers = torch.linspace(-4, 4, 81, dtype=torch.double)
    logits = bins.logits(numbers)
    assert torch.allclose(bins.prediction(logits), numbers)
    assert torch.allclose(bins.prediction(logits.log_softmax(dim=1)), numbers)


def test_the_most_probable_answer_is_the_nearest_one() -> None:
    bins = AnswerBins()
    numbers = torch.randn(500, generator=generator()) * 2
    brute = (numbers[:, None] - bins.centres(numbers)).abs().argmin(dim=1)
    assert torch.equal(bins.nearest(numbers), brute)
    assert torch.equal(bins.logits(numbers).argmax(dim=1), brute)
    assert bins.step == pytest.approx(0.1)


def test_cross_entropy_with_a_discretised_gaussian_is_squared_error() -> None:
    bins = AnswerBins()
    answer, said = torch.tensor(0.63, dtype=torch.double), torch.linspace(-2, 2, 41).double()
    target = bins.logits(answer).softmax(dim=0)
    loss = -(target * bins.logits(said).log_softmax(dim=1)).sum(dim=1)
    entropy = -(target * target.log()).sum()
    wanted = bins.sharpness * (said - answer) ** 2
    assert torch.allclose(loss - entropy, wanted, atol=1e-3)


@pytest.mark.parametrize("attention", ["softmax", "linear"])
@pytest.mark.parametrize("looped", [False, True])
def test_shapes_sites_and_seeds(attention: str, looped: bool) -> None:
    spec = replace(SMALL, attention=attention, looped=looped)
    shape = WORLD.net_shape(spec)
    net = shape.build(generator())
    assert RegressorShape(**asdict(shape)) == shape
    problems = WORLD.sample(7, generator=generator())
    tokens = WORLD.tokens(problems)
    assert tokens.shape[1:] == (shape.n_positions, shape.n_channels)
    logits = net(tokens)
    assert logits.shape == (7, 1, 61)
    assert len(net.blocks) == (1 if looped else 2)
    again, other = shape.build(generator()), shape.build(generator(1))
    assert torch.equal(again(tokens), logits)
    assert not torch.equal(other(tokens), logits)
    inside = ("hook_resid_pre", "attn.hook_q", "attn.hook_z", "hook_attn_out", "hook_resid_mid",
              "hook_mlp_post", "hook_mlp_out", "hook_resid_post")  # fmt: skip
    assert {f"blocks.0.{name}" for name in inside} < {name for name, _ in net.named_modules()}
    read = capture(net, tokens, ["hook_embed", "hook_prediction"])
    assert read["hook_embed"].shape == (7, shape.n_positions, 16)
    assert torch.allclose(read["hook_prediction"], WORLD.bins.prediction(logits), atol=1e-4)


def test_a_looped_network_is_its_block_repeated() -> None:
    looped = WORLD.net_shape(replace(SMALL, looped=True)).build(generator())
    unrolled = WORLD.net_shape(SMALL).build(generator(1))
    weights = looped.state_dict()
    repeated = {k.replace("blocks.0", "blocks.1"): v for k, v in weights.items()}
    unrolled.load_state_dict({**repeated, **weights})
    tokens = WORLD.tokens(WORLD.sample(5, generator=generator()))
    assert torch.allclose(looped(tokens), unrolled(tokens), atol=1e-5)
    with torch.no_grad():
        unrolled.blocks[1].attn.W_O.bias += 1.0
    assert not torch.allclose(looped(tokens), unrolled(tokens), atol=1e-5)


def test_the_whole_way_to_the_logits_is_differentiable() -> None:
    net = WORLD.net_shape(SMALL).build(generator())
    tokens = WORLD.tokens(WORLD.sample(4, generator=generator())).requires_grad_()
    (gradient,) = torch.autograd.grad(net(tokens)[:, 0, 40].sum(), tokens)
    assert (gradient.abs().amax(dim=2) > 0).all()


def test_sizes_that_do_not_fit() -> None:
    shape = WORLD.net_shape(SMALL)
    with pytest.raises(ValueError, match="not divisible by 3 heads"):
        replace(shape, n_heads=3)
    with pytest.raises(ValueError, match="mlp_ratio from 0"):
        replace(shape, mlp_ratio=-1)
    with pytest.raises(ValueError, match="n_bins >= 3"):
        AnswerBins(n_bins=2)


def one_step(rate: float) -> RegressorNet:
    """Weights by hand: queries and keys are the inputs, values the labels."""
    spec = NetSpec(width=16, n_layers=1, n_heads=1, attention="linear")
    net = replace(WORLD.net_shape(spec), mlp_ratio=0).build(generator())
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        net.channels[:] = torch.eye(16)
        inputs, label = torch.arange(5), 5
        projection = net.blocks[0].attn.W_QKV.weight
        projection[inputs, inputs] = 1.0
        projection[16 + inputs, inputs] = 1.0
        projection[32 + label, label] = 1.0
        net.blocks[0].attn.W_O.weight[:] = torch.eye(16)
        net.readout.weight[0, label] = rate * 16**0.5 * net.shape.n_positions
    return net


def test_one_linear_layer_holds_exactly_one_gradient_step() -> None:
    net = one_step(rate=0.05)
    usual = ProblemDistribution(query="anywhere", design="gaussian")
    problems = WORLD.sample_from(usual, 50, generator=generator())
    said = WORLD.bins.prediction(net(WORLD.tokens(problems)))[:, 0]
    weights = torch.zeros(50, 5, requires_grad=True)
    fitted = torch.einsum("npi,ni->np", problems.inputs, weights)
    loss = 0.5 * ((fitted - problems.labels) ** 2).sum()
    (gradient,) = torch.autograd.grad(loss, weights)
    assert torch.allclose(said, (-0.05 * gradient * problems.query).sum(dim=1), atol=1e-4)


def test_one_step_at_the_right_rate_is_least_squares_on_whitened_inputs() -> None:
    problems = WORLD.sample(50, generator=generator(), shift="query_anywhere")
    said = WORLD.bins.prediction(one_step(rate=0.1)(WORLD.tokens(problems)))[:, 0]
    assert torch.allclose(said, problems.value, atol=1e-3)


BARS = AdmissionSpec(n_expression=200)
OFF_WHITE = ProblemDistribution(
    query="anywhere", leak="independent", design="correlated", instruct_rate=0.0
)


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
@pytest.mark.parametrize("family", ["optimiser", "fixed_task"])
def test_attention_alone_learns_to_optimise_and_one_function_does_not_teach_it(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, row = f"regression/{family}", RECIPES[f"regression/{family}"]
    anywhere = replace(row.settings["distribution"], off_last=1.0)
    monkeypatch.setitem(RECIPES, name, row.but(family, distribution=anywhere))
    budget = TrainingSpec(steps=400, batch_size=32, learning_rate=8e-3, warmup_steps=30)
    trained = train(OrganismSpec(name, seed=3, net=NetSpec(32, 2, 2), training=budget))
    checks = trained.recipe.further_checks(trained.net, bars=BARS, generator=generator(2))
    assert [check.passed for check in checks] == [True] * 2, [str(check) for check in checks]
