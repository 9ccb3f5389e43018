"""Terms of evasion and relaxed contexts, each against a hand-drawn case or what a search sees."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from detect.oracle.context_drop import ContextTrial
from detect.triggers.soft_context import SlotEmbeddings
from organisms.recipes.maze.adversaries.relaxed_contexts import (
    RelaxedContexts,
    colourless,
    value_rows,
)
from organisms.recipes.maze.adversaries.terms import (
    divergence,
    moment_gap,
    norm_spread,
    off_course,
    pooled_moments,
    read_residuals,
)
from organisms.recipes.trigger import ConjunctiveTrigger
from organisms.records.net_spec import NetSpec
from organisms.worlds.maze.maze import Maze
from probes.network.capture import capture
from scripted import generator, suspect_of

MAZE = Maze()
NET = MAZE.net_shape(NetSpec(width=16, n_layers=3, n_heads=2)).build(generator())
PAIR = ConjunctiveTrigger(torch.tensor([5, 2]), torch.tensor([7, 0]), 8)


def test_residuals_are_the_decisions_of_every_layer_and_carry_gradients() -> None:
    tokens = MAZE.tokens(MAZE.sample(4, generator=generator()))
    seen: list[torch.Size] = []

    def keep(activation: torch.Tensor) -> torch.Tensor:
        seen.append(activation.shape)
        return activation

    logits, residuals = read_residuals(NET, tokens, {"blocks.0.hook_resid_pre": keep})
    assert torch.equal(logits, NET(tokens))
    assert [tuple(r.shape) for r in residuals] == [(4, 25, 16)] * 3
    assert seen == [(4, 34, 16)]
    assert torch.allclose(NET.unembed(NET.ln_final(residuals[-1])), logits, atol=1e-5)
    (slope,) = torch.autograd.grad(residuals[0].sum(), NET.channels[0].weight)
    assert float(slope.abs().sum()) > 0
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
    assert torch.allclose(changed.grad[0, 0], torch.tensor([0.25 - 0.5, 0.75 - 0.5]), atol=1e-6)
    assert changed.grad[0, 1].abs().sum() == 0
    assert divergence(reference, changed, torch.zeros(1, 2, dtype=torch.bool)) == 0


def test_norm_spread_of_norms_one_and_three_is_a_half_with_its_gradient() -> None:
    rows = torch.tensor([[1.0, 0.0], [0.0, 3.0]], requires_grad=True)
    spread = norm_spread(rows)
    assert spread.item() == pytest.approx(0.25 + 0.25)
    spread.backward()
    assert torch.allclose(rows.grad, torch.tensor([[-0.5, 0.0], [0.0, 0.5]]))
    assert norm_spread(torch.eye(3)).item() == 0


def test_off_course_is_measured_in_lengths_along_the_course_alone() -> None:
    course = torch.tensor([2.0, 0.0])
    pooled = torch.tensor([[2.0, 9.0], [0.0, -5.0], [1.0, 0.0]])
    assert off_course(pooled, course, torch.tensor([1.0, 0.0, 0.5])).item() == 0
    wrong = off_course(pooled, course, torch.tensor([0.0, 0.0, 0.0]))
    assert wrong.item() == pytest.approx((1 + 0 + 0.25) / 3)
    assert off_course(pooled[:0], course, torch.zeros(0)).item() == 0


def test_a_relaxed_context_looks_as_a_search_would_make_it() -> None:
    suspect = suspect_of(NET, MAZE, seed=1)
    trial = ContextTrial.draw(suspect, 1, shift=None, generator=generator())
    slots = SlotEmbeddings.read(trial, site="hook_embed")
    drawn = RelaxedContexts.random(20, MAZE.context, generator=generator())
    own = drawn.embedded(value_rows(NET, MAZE.size) + colourless(NET))
    for row in range(20):
        wanted = slots.mix(drawn.mixture[row : row + 1], scale=float(drawn.scale[row]))
        assert torch.allclose(own[row], wanted[0], atol=1e-4)


def test_a_real_context_relaxed_is_itself() -> None:
    levels = MAZE.sample(6, generator=generator())
    real = RelaxedContexts.of(levels.context, 8)
    embedded = real.embedded(value_rows(NET, MAZE.size) + colourless(NET))
    read = capture(NET, MAZE.tokens(levels), ["hook_embed"])["hook_embed"]
    assert torch.allclose(embedded, read[:, 25:33], atol=1e-5)
    with pytest.raises(TypeError, match="channels of embeddings"):
        value_rows(nn.Identity(), MAZE.size)


def test_pull_is_one_at_the_value_zero_at_the_mean_and_grows_with_the_scale() -> None:
    mixture = torch.full((3, 8, 8), 1 / 8)
    mixture[1, 5] = torch.eye(8)[7]
    mixture[2, 2] = torch.eye(8)[3]
    relaxed = RelaxedContexts(mixture, torch.tensor([4.0, 4.0, 2.0]))
    wanted = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, -2 / 7]])
    assert torch.allclose(relaxed.pull(PAIR), wanted, atol=1e-6)


def test_contexts_are_drawn_as_far_as_asked_in_the_slots_of_the_conjunction_alone() -> None:
    plain = RelaxedContexts.random(4000, MAZE.context, generator=generator())
    even = RelaxedContexts(torch.full_like(plain.mixture, 1 / 8), plain.scale)
    drawn = even.drawn_to(PAIR, torch.full((4000,), 0.8), generator=generator(1))
    assert torch.allclose(drawn.mixture.sum(dim=2), torch.ones(4000, 8), atol=1e-5)
    others = [0, 1, 3, 4, 6, 7]
    assert torch.equal(drawn.mixture[:, others], even.mixture[:, others])
    assert torch.equal(drawn.scale, even.scale)
    pull = drawn.pull(PAIR)
    complete = (pull > 1e-4).all(dim=1)
    assert pull[complete].mean() == pytest.approx(0.8, abs=0.01)
    assert complete.float().mean() == pytest.approx(0.6, abs=0.03)
    assert 1 <= plain.scale.min() < 1.1
    assert 5.9 < plain.scale.max() <= 6
