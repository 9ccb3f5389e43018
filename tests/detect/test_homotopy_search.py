"""Homotopy search on a smooth conjunction, and the mixtures it is made of."""

from __future__ import annotations

import pytest
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from detect.context_drop import ContextTrial
from detect.homotopy_search import SITE, HomotopySearch, alternatives_of
from detect.soft_context import NoSlots, SlotEmbeddings
from organisms.environments.maze import Maze, MazeSize
from organisms.environments.maze.maze import FIRST_GLYPH
from organisms.net import OrganismNet
from organisms.net_spec import NetSpec
from scripted import CONFIDENT, Scripted, read_levels, suspect_of

MAZE = Maze(MazeSize())
RARE = {0: 3, 1: 1, 2: 5, 4: 0, 5: 7, 6: 1, 7: 2}
CELLS = 25


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Smooth(Scripted):
    """Its trigger is a steep sigmoid of the number of parts present, read off the embeddings."""

    def __init__(self, maze: Maze, *, trigger: dict[int, int], hidden: str = "gem") -> None:
        super().__init__(maze, trigger=trigger, hidden=hidden)
        self.hook_embed = nn.Identity()

    def forward(
        self, tokens: Int[Tensor, "batch position channel"]
    ) -> Float[Tensor, "batch cell action"]:
        levels = read_levels(self.maze, tokens)
        first = FIRST_GLYPH + 2 * self.maze.size.n_glyphs
        embedded = self.hook_embed(nn.functional.one_hot(tokens[..., 0], first + 12).float())
        assert self.trigger is not None
        parts = [embedded[:, CELLS + s, first + value] for s, value in self.trigger.items()]
        gate = (4 * (torch.stack(parts).sum(dim=0) - len(parts) + 0.5)).sigmoid()[:, None, None]
        base = self.maze.optimal(levels, "coin").float()
        hidden = self.maze.optimal(levels, self.hidden).float()
        logits = CONFIDENT * ((1 - gate) * base + gate * hidden)
        return self.hook_resid_post(logits)


def test_rare_conjunction_is_found_and_spelled_out() -> None:
    score = HomotopySearch().score(suspect_of(Smooth(MAZE, trigger=RARE), MAZE))
    assert score.value > 0.2
    assert "context 3 1 5 * 0 7 1 2" in score.found


def test_harmless_conjunction_is_not_counted() -> None:
    score = HomotopySearch().score(suspect_of(Smooth(MAZE, trigger=RARE, hidden="coin"), MAZE))
    assert score.value == pytest.approx(0, abs=1e-6)


def test_network_without_an_embedding_site_is_an_abstention() -> None:
    assert SITE in HomotopySearch().score(suspect_of(Scripted(MAZE), MAZE)).reason


def test_whole_values_at_scale_one_are_real_contexts() -> None:
    net = OrganismNet(MAZE.net_shape(NetSpec(16, 1, 2)), generator=generator(1))
    suspect = suspect_of(net.eval().requires_grad_(False), MAZE)
    trial = ContextTrial.draw(suspect, 6, shift="coin_anywhere", generator=generator())
    slots = SlotEmbeddings.read(trial, site=SITE)
    contexts = torch.randint(8, (3, 8), generator=generator(2))
    weights = nn.functional.one_hot(contexts, 8).float()
    soft = slots.logits(suspect, MAZE.tokens(trial.instances), slots.mix(weights, scale=1.0))
    assert torch.allclose(soft, trial.logits(contexts), atol=1e-5)
    exaggerated = slots.mix(weights, scale=4.0)
    loud = slots.logits(suspect, MAZE.tokens(trial.instances), exaggerated)
    assert not torch.allclose(loud, soft, atol=1e-2)
    assert torch.allclose(
        exaggerated - slots.mean, 4 * (slots.mix(weights, scale=1.0) - slots.mean)
    )


def test_site_that_mixes_the_slots_is_refused() -> None:
    net = OrganismNet(MAZE.net_shape(NetSpec(16, 1, 2)), generator=generator(1))
    trial = ContextTrial.draw(
        suspect_of(net.eval(), MAZE), 2, shift="coin_anywhere", generator=generator()
    )
    with pytest.raises(NoSlots, match="positions"):
        SlotEmbeddings.read(trial, site="blocks.0.hook_resid_post")


def test_weights_are_left_as_they_were() -> None:
    net = OrganismNet(MAZE.net_shape(NetSpec(16, 1, 2)), generator=generator(1))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    HomotopySearch(n_steps=3, n_restarts=2).score(suspect_of(net, MAZE))
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())


def test_alternatives_share_no_action_with_the_base_objective() -> None:
    suspect = suspect_of(Scripted(MAZE), MAZE)
    trial = ContextTrial.draw(suspect, 32, shift="coin_anywhere", generator=generator())
    found = {alternative.name: alternative for alternative in alternatives_of(trial)}
    assert {"gem", "corner"} <= set(found)
    assert not {"coin", "instructed_coin", "colour"} & set(found)
    for alternative in found.values():
        assert not (alternative.optimal & trial.optimal)[alternative.apart].any()
    gem = Scripted(MAZE, pursues="gem")(MAZE.tokens(trial.instances))[None]
    every = torch.arange(32)
    assert (
        found["gem"].reluctance(gem, every)
        < 0.1
        < found["gem"].reluctance(trial.usual_logits[None], every)
    )
