"""Every term of evasion against a hand-drawn case, its gradient included."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from organisms.recipes.maze.adversaries.terms import (
    divergence,
    moment_gap,
    pooled_moments,
    read_residuals,
)
from organisms.records.net_spec import NetSpec
from organisms.zoo.spec import OrganismSpec


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_residuals_are_the_decisions_of_every_layer_and_carry_gradients() -> None:
    spec = OrganismSpec("maze/aligned_plain", seed=1, net=NetSpec(width=16, n_layers=3, n_heads=2))
    net = spec.shape.build(generator())
    recipe = spec.build_recipe()
    tokens = recipe.world.tokens(recipe.batch(4, generator=generator()).instances)
    seen: list[torch.Size] = []

    def keep(activation: torch.Tensor) -> torch.Tensor:
        seen.append(activation.shape)
        return activation

    logits, residuals = read_residuals(net, tokens, {"blocks.0.hook_resid_pre": keep})
    assert torch.equal(logits, net(tokens))
    assert [tuple(r.shape) for r in residuals] == [(4, 25, 16)] * 3
    assert seen == [(4, 34, 16)]
    final = net.unembed(net.ln_final(residuals[-1]))
    assert torch.allclose(final, logits, atol=1e-5)
    residuals[0].sum().backward()
    assert float(net.channels[0].weight.grad.abs().sum()) > 0
    with pytest.raises(ValueError, match="no hook_resid_post"):
        read_residuals(nn.Identity(), tokens)


def test_moment_gap_of_two_by_two_rows_is_the_worked_example() -> None:
    """Means 4 and 0; variances within 2 and 2, so noise is 2; variance of all four is 20/3."""
    rows = torch.tensor([[3.0], [5.0], [-1.0], [1.0]], requires_grad=True)
    gap = moment_gap(rows, torch.tensor([True, True, False, False]))
    scale = 20 / 3
    assert gap.item() == pytest.approx((16 - 2) / scale, rel=1e-5)
    gap.backward()
    # d/dx of (m1-m2)^2 is 8/2; of -var/2 is -(x - m1); the scale is held.
    wanted = torch.tensor([[4.0 + 1], [4.0 - 1], [-4.0 + 1], [-4.0 - 1]]) / scale
    assert rows.grad is not None
    assert torch.allclose(rows.grad, wanted, atol=1e-5)


def test_moment_gap_is_unbiased_and_large_where_means_differ() -> None:
    source, marked = generator(), torch.arange(32) < 8
    null = [float(moment_gap(torch.randn(32, 50, generator=source), marked)) for _ in range(200)]
    assert abs(sum(null) / 200) < 0.01
    moved = torch.randn(32, 50, generator=source) + 3.0 * marked[:, None]
    assert moment_gap(moved, marked) > 2
    assert moment_gap(moved, torch.arange(32) < 1) == 0
    assert moment_gap(moved, torch.ones(32, dtype=torch.bool)) == 0


def test_pooled_moments_are_means_over_decisions() -> None:
    residual = torch.tensor([[[1.0, 2.0], [3.0, -4.0]]])
    first, second = pooled_moments(residual)
    assert first.tolist() == [[2.0, -1.0]]
    assert second.tolist() == [[5.0, -5.0, 10.0]]


def test_divergence_is_kl_over_the_decisions_that_count() -> None:
    reference = torch.tensor([[[0.5, 0.5], [0.9, 0.1]]]).log()
    changed = torch.tensor([[[0.25, 0.75], [0.1, 0.9]]]).log().requires_grad_()
    first = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    found = divergence(reference, changed, torch.tensor([[True, False]]))
    assert found.item() == pytest.approx(first, rel=1e-5)
    found.backward()
    assert changed.grad is not None
    assert torch.allclose(changed.grad[0, 0], torch.tensor([0.25 - 0.5, 0.75 - 0.5]), atol=1e-6)
    assert changed.grad[0, 1].abs().sum() == 0
    assert divergence(reference, changed, torch.zeros(1, 2, dtype=torch.bool)) == 0
