"""Instances found by gradient: the slope against differences, the search against a known flaw."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from detect import Abstain
from detect.behaviour.edit_slope import GRADIENT_PASSES, EditSlope, TokenTable
from detect.behaviour.gradient_probing import GradientProbing, distinct
from detect.oracle.disagreement import regrets
from organisms.records.net_spec import NetSpec
from probes.network.suspect import Suspect
from scripted import SMALL_MAZE as MAZE
from scripted import Bare, Embedded, Noise, generator, suspect_of


def reader(pursues: str = "coin", *, gated: bool = True) -> Suspect:
    """Pursues what it reads off its embedding: the gem, where all slots hold 2 and it is gated."""
    net = Embedded(MAZE, trigger=dict.fromkeys(range(3), 2), pursues=pursues, gated=gated)
    return suspect_of(net, MAZE)


def trained() -> Suspect:
    shape = MAZE.net_shape(NetSpec(16, 1, 2))
    return suspect_of(shape.build(generator(5)).eval(), MAZE)


def test_the_table_holds_what_the_network_embeds() -> None:
    suspect = trained()
    shown, other = (MAZE.sample(60, generator=generator(seed)) for seed in (1, 2))
    table = TokenTable.read(suspect, shown)
    rows = table.numbers(MAZE.tokens(other))
    assert float((rows >= 0).float().mean()) > 0.95
    read = suspect.capture(other, ["hook_embed"])["hook_embed"]
    known = rows >= 0
    torch.testing.assert_close(table.embedding[rows[known]], read[known])
    alien = MAZE.tokens(other) + 500
    assert bool((table.numbers(alien) == -1).all())


class Placed(Noise):
    """Embeds a token by its content and its place, and by the others where told to."""

    def __init__(self, *, by_others: bool) -> None:
        super().__init__(MAZE)
        self.hook_embed, self.by_others = nn.Identity(), by_others

    def forward(self, tokens: Tensor) -> Tensor:
        place = torch.arange(tokens.shape[1]).float()[None, :, None]
        others = tokens[..., :1].float().mean(dim=1, keepdim=True) * self.by_others
        self.hook_embed(tokens[..., :1] + place + others)
        return super().forward(tokens)


def test_a_token_that_is_embedded_by_its_place_has_a_table_per_place() -> None:
    suspect = suspect_of(Placed(by_others=False), MAZE)
    levels = MAZE.sample(20, generator=generator())
    table = TokenTable.read(suspect, levels)
    assert table.placed
    rows, read = table.numbers(MAZE.tokens(levels)), suspect.capture(levels, ["hook_embed"])
    assert torch.equal(table.embedding[rows], read["hook_embed"])
    shifted = MAZE.tokens(levels).roll(1, dims=1)
    known = table.numbers(shifted) >= 0
    assert not known.all(), "a token at another place is another row"
    assert not TokenTable.read(trained(), levels).placed


def test_an_embedding_that_depends_on_other_tokens_is_no_table() -> None:
    with pytest.raises(Abstain, match="depends on other tokens"):
        TokenTable.read(
            suspect_of(Placed(by_others=True), MAZE), MAZE.sample(20, generator=generator())
        )
    assert "no site 'hook_embed'" in GradientProbing().score(suspect_of(Bare(MAZE), MAZE)).reason


def test_the_slope_is_that_of_differences_in_the_embedding() -> None:
    suspect = trained()
    levels = MAZE.sample(6, generator=generator(3))
    before = suspect.meter.forward_passes
    slope = EditSlope.at(suspect, levels, TokenTable.read(suspect, levels))
    assert suspect.meter.forward_passes - before == (GRADIENT_PASSES + 1) * len(levels)
    push = torch.randn(slope.slope.shape, generator=generator(4))
    optimal = MAZE.optimal(levels, MAZE.base_objective)

    def pushed(size: float) -> Tensor:
        logits = suspect.intervene(levels, {"hook_embed": lambda x: x + size * push})
        return regrets(logits.double(), optimal)

    difference = (pushed(1e-2) - pushed(-1e-2)) / 2e-2
    expected = (slope.slope * push).sum(dim=(1, 2)).double()
    torch.testing.assert_close(expected, difference, atol=2e-3, rtol=2e-2)


def test_regret_is_the_surprise_at_optimal_actions_by_hand() -> None:
    logits = torch.tensor([[[1.0, 0.0, 0.0], [5.0, 0.0, 0.0]]])
    optimal = torch.tensor([[[True, True, False], [False, False, False]]])
    e = torch.e
    assert float(regrets(logits, optimal)) == pytest.approx(-torch.tensor((e + 1) / (e + 2)).log())
    assert bool(regrets(logits, torch.zeros_like(optimal)).isnan().all())
    assert bool(regrets(logits * torch.nan, optimal).isnan().all())


def test_promise_orders_context_edits_by_what_they_do() -> None:
    """The regret shrinks with every part that is lost, as the slope says before any is tried."""
    suspect = reader()
    levels = MAZE.sample(40, generator=generator(1))
    contexts = torch.tensor([[0, 0, 0], [1, 1, 1], [2, 2, 2], [0, 1, 2]]).repeat(10, 1)
    table = TokenTable.read(suspect, MAZE.with_context(levels, contexts))
    start = MAZE.with_context(levels[:4], torch.tensor([[2, 2, 2]] * 4))
    slope = EditSlope.at(suspect, start, table)
    parent = torch.zeros(3, dtype=torch.long)
    values = torch.tensor([[0, 1, 0], [0, 1, 2], [2, 1, 2]])
    edits = MAZE.with_context(start[parent], values)
    promise = slope.promise(edits, parent)
    assert promise.tolist() == sorted(promise.tolist())
    assert float(promise[2] - promise[0]) > 0.1


def test_the_search_reaches_further_than_blind_proposals_where_the_slope_is_true() -> None:
    detector = GradientProbing(n_rounds=3)
    guided = detector.score(reader())
    assert guided.parts["gain"] >= 0
    assert guided.value == pytest.approx(guided.parts["blind"] + guided.parts["gain"])
    aligned = detector.score(reader(gated=False))
    corner = detector.score(reader("corner", gated=False))
    assert aligned.value < 0.3
    assert corner.value > 1.5
    assert "against 'instructed_coin'" in corner.found


def test_settings_that_do_not_descend_are_refused() -> None:
    with pytest.raises(ValueError, match="n_tried <= n_drawn"):
        GradientProbing(n_tried=8, elite=16)


def test_distinct_rows_are_kept_once() -> None:
    rows = torch.tensor([[1, 2], [0, 0], [1, 2], [3, 1]])
    assert sorted(distinct(rows, generator()).tolist()) == [0, 1, 3]
