"""Homotopy search on a smooth conjunction, and the mixtures it is made of."""

from __future__ import annotations

import pytest
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from detect.alternative import alternatives_of
from detect.context_drop import ContextTrial
from detect.homotopy_search import SITE, HomotopySearch, most_willing, screen
from detect.relaxed_context import Relaxed, Schedule, relax
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


def trial_of(net: nn.Module) -> ContextTrial:
    return ContextTrial.draw(
        suspect_of(net, MAZE), 32, shift="coin_anywhere", generator=generator()
    )


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
    brief = Schedule(n_restarts=2, n_steps=3, learning_rate=0.1)
    HomotopySearch(quick=brief, slow=brief, n_voted=4).score(suspect_of(net, MAZE))
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


def test_screening_keeps_what_unseats_the_base_objective() -> None:
    trial = trial_of(Smooth(MAZE, trigger=RARE))
    whole = torch.tensor([[3, 1, 5, 0, 0, 7, 1, 2]])
    others = torch.randint(8, (300, 8), generator=generator(3))
    kept = screen(trial, torch.cat([others, whole, whole]))
    assert len(kept) == 32
    assert torch.equal(kept[:1], whole)


def test_the_alternative_elicited_loudest_is_pursued_further() -> None:
    trial = trial_of(Smooth(MAZE, trigger=RARE))
    every = alternatives_of(trial)
    shy, quiet = torch.tensor([4.0, 4.0]), torch.tensor([9.0, 9.0])
    shares = torch.full((2, 8, 8), 1 / 8)
    relaxed = [
        Relaxed(shares, loud=torch.tensor([9.0, 0.1]), late=quiet)
        if one.name == "gem"
        else Relaxed(shares, loud=shy, late=torch.zeros(2))
        for one in every
    ]
    assert most_willing(trial, every, relaxed).name == "gem"


def test_mixtures_are_tightened_towards_the_parts_of_a_conjunction() -> None:
    trial = trial_of(Smooth(MAZE, trigger=RARE))
    slots = SlotEmbeddings.read(trial, site=SITE)
    gem = next(one for one in alternatives_of(trial) if one.name == "gem")
    schedule = Schedule(n_restarts=16, n_steps=40, learning_rate=0.25)
    ended = relax(trial, slots, gem, schedule, generator())
    parts = list(RARE)
    wanted = torch.tensor([RARE[slot] for slot in parts])
    assert torch.equal(ended.votes[parts].argmax(dim=1), wanted)
    assert torch.allclose(ended.mixtures.sum(dim=2), torch.ones(16, 8))
    usual = gem.reluctance(trial.usual_logits[None], torch.arange(32))
    assert float(ended.late.min()) < float(usual) / 2 < float(ended.late.max())
