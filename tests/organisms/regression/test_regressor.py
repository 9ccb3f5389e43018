"""The regressor: its readout, its hooks and the gradient step it can hold."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
import torch

from organisms.nets.regressor import AnswerBins, RegressorNet, RegressorShape
from organisms.records.net_spec import NetSpec
from organisms.worlds.regression.regression import Regression
from organisms.worlds.regression.shifts import ProblemDistribution
from probes.network.capture import capture

WORLD = Regression()
SMALL = NetSpec(width=16, n_layers=2, n_heads=2, mlp_ratio=2)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


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
    names = [name for name, module in net.named_modules() if name]
    for name in ("hook_resid_pre", "attn.hook_q", "attn.hook_z", "hook_attn_out", "hook_resid_mid"):
        assert f"blocks.0.{name}" in names
    for name in ("hook_mlp_post", "hook_mlp_out", "hook_resid_post"):
        assert f"blocks.0.{name}" in names
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
