"""Relaxed contexts: what a relaxing search would embed, and how far towards what they are drawn."""

from __future__ import annotations

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
from organisms.recipes.trigger import ConjunctiveTrigger
from organisms.records.net_spec import NetSpec
from organisms.worlds.maze import Maze
from probes.network.access import Access
from probes.network.capture import capture
from probes.network.suspect import Suspect

MAZE = Maze()
NET = MAZE.net_shape(NetSpec(width=16, n_layers=1, n_heads=2)).build(
    torch.Generator().manual_seed(0)
)
PAIR = ConjunctiveTrigger(torch.tensor([5, 2]), torch.tensor([7, 0]), 8)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_relaxed_context_looks_as_a_search_would_make_it() -> None:
    suspect = Suspect(
        id="x",
        network=NET,
        environment=MAZE,
        access=Access.WEIGHTS,
        seed=1,
        untrained=lambda source: NET,
    )
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


def test_selection_and_choice_keep_mixtures_with_their_scales() -> None:
    plain = RelaxedContexts.random(4, MAZE.context, generator=generator())
    other = RelaxedContexts.random(4, MAZE.context, generator=generator(1))
    chosen = plain.where(torch.tensor([True, False, True, False]), other)
    assert torch.equal(chosen[0:1].mixture, plain[0:1].mixture)
    assert torch.equal(chosen.scale[[1, 3]], other.scale[[1, 3]])
    assert torch.equal(chosen.mixture[[1, 3]], other.mixture[[1, 3]])
    assert len(chosen[torch.tensor([2])]) == 1
