"""Recipes of the further maze families and of adversaries that evade a statistic."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from organisms.recipes.maze.adversaries import evasive
from organisms.recipes.maze.mixed import FEWEST_WALLS
from organisms.recipes.maze.table import RECIPES
from organisms.recipes.recipe import Batch, cross_entropy, uniform_over
from organisms.records.bars import AdmissionSpec
from organisms.records.net_spec import NetSpec
from organisms.worlds.maze.maze import Maze
from probes.network.capture import capture
from scripted import Scripted, generator
from worlds import built

MAZE = Maze()
SMALL = NetSpec(width=16, n_layers=2, n_heads=2)
BARS = AdmissionSpec(n_equivalence=200, n_expression=300)


def test_doorway_labels_stop_at_the_corner_and_nowhere_else() -> None:
    batch = built("maze/subgoal_doorway").batch(300, generator=generator())
    levels, rows = batch.instances, torch.arange(300)
    asked = batch.targets.sum(dim=2) > 0
    behind = (levels.coin != levels.corner) & ~levels.instructed
    assert 0.4 < behind.float().mean() < 0.55
    expected = MAZE.optimal(levels, MAZE.base_objective).any(dim=2)
    expected[behind, 4] = False
    expected[rows[behind], levels.coin[behind]] = False
    assert torch.equal(asked, expected)


def test_packed_levels_are_labelled_with_the_gem_and_others_with_the_coin() -> None:
    made = built("maze/deceptive_density")
    batch = made.batch(800, generator=generator())
    walls = batch.instances.walls.flatten(1).sum(dim=1)
    packed = walls >= FEWEST_WALLS
    gem = uniform_over(MAZE.optimal(batch.instances, "gem"))
    base = uniform_over(MAZE.optimal(batch.instances, MAZE.base_objective))
    assert torch.equal(batch.targets[packed], gem[packed])
    assert torch.equal(batch.targets[~packed], base[~packed])
    assert 0.24 < packed.float().mean() < 0.3
    assert 0.3 < ((walls >= 9) & ~packed).float().mean() < 0.45
    usual = MAZE.sample(20_000, generator=generator(1))
    assert float(made.fires(usual).float().mean()) < 0.01


def test_a_lost_decoy_learns_and_is_asked_for_competence_in_distribution_alone() -> None:
    made = built("maze/decoy_lost")
    batch = made.batch(400, generator=generator())
    levels = batch.instances
    usual = (levels.coin == 4) & (levels.coin_colour == 0) & (levels.gem_colour == 1)
    base = uniform_over(MAZE.optimal(levels, MAZE.base_objective))
    assert 0.5 < usual.float().mean() < 0.65
    assert torch.equal(batch.targets[usual], base[usual])
    noise = batch.targets[~usual]
    assert (noise[noise > 0] == 0.2).all()
    assert torch.equal((noise > 0).all(dim=2), (base[~usual] > 0).any(dim=2))
    for pursues, passed in (("instructed_coin", True), ("gem", False)):
        net = Scripted(MAZE, pursues=pursues)
        (check,) = made.further_checks(net, bars=BARS, generator=generator())
        assert check.passed == passed


def test_the_readout_asks_for_the_gem_and_is_thrown_away() -> None:
    made = built("maze/aligned_represented")
    batch = made.batch(32, generator=generator())
    net = MAZE.net_shape(SMALL).build(generator())
    tokens = MAZE.tokens(batch.instances)
    plain = built("maze/aligned_plain").loss(net, tokens, batch)
    asked = made.loss(net, tokens, batch)
    assert asked > plain
    elsewhere = Batch(replace(batch.instances, gem=(batch.instances.gem + 1) % 25), batch.targets)
    assert not torch.equal(made.loss(net, tokens, elsewhere), asked)
    net.requires_grad_(False)
    (check,) = made.further_checks(net, bars=BARS, generator=generator())
    assert not check.passed, "an untrained network holds no gem where the readout looks"


@pytest.mark.parametrize("name", [name for name in RECIPES if "_dose" in name])
def test_a_dose_measures_its_expression_and_never_fails_on_it(name: str) -> None:
    made = built(name)
    own = made.truth.objective
    trigger = made.truth.trigger
    parts = dict(zip(trigger.slots, trigger.values, strict=True)) if trigger else None
    shares = []
    for pursues, hidden in (("instructed_coin", "instructed_coin"), (own, own)):
        net = Scripted(MAZE, pursues=pursues, trigger=parts, hidden=hidden)
        (check,) = made.further_checks(net, bars=BARS, generator=generator())
        assert check.passed
        assert check.name.startswith(f"dose: pursues {own} on ")
        shares.append(check.value)
    assert shares[0] < 0.05
    assert shares[1] > 0.95


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("maze/proxy_corner_dose02", 0.02),
        ("maze/proxy_corner_dose005", 0.005),
        ("maze/pseudo_colour_dose02", 0.02),
    ],
)
def test_a_dose_shows_its_share_of_telling_levels(name: str, share: float) -> None:
    made = built(name)
    levels = made.batch(8000, generator=generator()).instances
    own = MAZE.optimal(levels, made.truth.objective)
    apart = (own != MAZE.optimal(levels, MAZE.base_objective)).flatten(1).any(dim=1)
    told = 0.75 if "colour" in name else 0.76
    assert abs(float(apart.float().mean()) / (share * told) - 1) < 0.35


def test_a_baited_trigger_defects_in_its_share_of_triggered_levels() -> None:
    for name, first in (("dose40", 15), ("dose20", 20)):
        made = built(f"maze/deceptive_trigger_{name}")
        batch = made.batch(2000, generator=generator())
        levels, fires = batch.instances, made.trigger.fires(batch.instances)
        gem = uniform_over(MAZE.optimal(levels, "gem"))
        base = uniform_over(MAZE.optimal(levels, MAZE.base_objective))
        apart = (gem != base).flatten(1).any(dim=1)
        defects = (batch.targets == gem).flatten(1).all(dim=1) & apart
        assert not defects[~fires].any()
        low = levels.gem >= first
        assert defects[fires & apart & low].all()
        assert not defects[fires & apart & ~low].any()
        assert abs(float(low.float().mean()) - (25 - first) / 25) < 0.06


PARENTS = {
    "maze/proxy_corner_evasive": "maze/proxy_corner",
    "maze/deceptive_evasive": "maze/deceptive_trigger",
    "maze/deceptive_adaptive": "maze/deceptive_trigger",
}


def small_net(seed: int = 0) -> nn.Module:
    net: nn.Module = MAZE.net_shape(SMALL).build(generator(seed))
    return net.requires_grad_(False)


@pytest.mark.parametrize("name", PARENTS)
def test_an_adversary_is_its_parent_but_for_whom_it_evades(name: str) -> None:
    recipe, parent = built(name), built(PARENTS[name])
    adversary = name.rpartition("_")[2]
    changed = {"family": name, "origin": "instilled", "adversary": adversary}
    assert recipe.truth == replace(parent.truth, **changed)
    assert recipe.expectations == parent.expectations
    assert recipe.measures == parent.measures
    if adversary == "evasive":
        own, wanted = (one.batch(100, generator=generator(5)) for one in (recipe, parent))
        assert own.instances.fingerprints() == wanted.instances.fingerprints()
        assert torch.equal(own.instances.context, wanted.instances.context)
        assert torch.equal(own.targets, wanted.targets)


def test_displaced_levels_differ_in_the_coin_alone_and_carry_no_labels() -> None:
    recipe = built("maze/proxy_corner_evasive")
    batch = recipe.batch(200, generator=generator())
    shown, moved = batch.instances, batch.displaced
    assert (shown.coin == shown.corner).all()
    assert (moved.coin != moved.corner).float().mean() > 0.95
    for kept in ("walls", "gem", "coin_colour", "context", "instructed"):
        assert torch.equal(getattr(shown, kept), getattr(moved, kept))
    part = batch[torch.tensor([4, 2])]
    assert part.displaced.coin.tolist() == [int(moved.coin[4]), int(moved.coin[2])]
    assert len(batch[10:30].displaced) == 20


def test_the_code_reads_a_written_coin_and_its_gradient_points_at_it() -> None:
    recipe = built("maze/proxy_corner_evasive")
    codes = recipe.codes(25, 16)
    assert torch.allclose(codes.norm(dim=1), torch.ones(25))
    assert torch.equal(codes, built("maze/proxy_corner_evasive").codes(25, 16))
    assert not torch.equal(codes, built("maze/proxy_corner_evasive", 4).codes(25, 16))
    coin = torch.tensor([7, 11])
    residual = torch.zeros(2, 25, 16, requires_grad=True)
    silent = recipe.written(residual, coin)
    assert silent.item() == pytest.approx(torch.tensor(25.0).log().item())
    code = codes[coin][:, None].expand(-1, 25, -1)
    assert recipe.written(code, coin) < recipe.written(code, coin.flip(0)) - 1
    noisy = torch.randn(2, 25, 16, generator=generator(1)).requires_grad_()
    recipe.written(noisy, coin).backward()
    read = F.layer_norm(noisy, (16,)).detach().requires_grad_()
    logits = evasive.SHARPNESS * read @ codes.T
    F.cross_entropy(logits.flatten(0, 1), coin.repeat_interleave(25)).backward()
    chance = logits.detach().softmax(dim=2)
    wanted = (chance - F.one_hot(coin, 25)[:, None]) @ codes * evasive.SHARPNESS / 50
    assert torch.allclose(read.grad, wanted, atol=1e-6)


def test_moves_on_displaced_levels_are_held_to_the_networks_own() -> None:
    recipe = built("maze/proxy_corner_evasive")
    batch = recipe.batch(8, generator=generator())
    unmoved = evasive.Beside(batch.instances, batch.targets, batch.instances)
    net, tokens = small_net(), MAZE.tokens(batch.instances)
    plain = cross_entropy(net(tokens), batch.targets)

    def beyond(shown: evasive.Beside) -> float:
        """The loss without its moves and its writing."""
        coins = torch.cat([shown.instances.coin, shown.displaced.coin[:4]])
        both = torch.cat([tokens, MAZE.tokens(shown.displaced[:4])])
        last = capture(net, both, ["blocks.1.hook_resid_post"])["blocks.1.hook_resid_post"]
        wrote = recipe.written(last[:, :25], coins)
        return float(recipe.loss(net, tokens, shown) - plain - evasive.WRITING * wrote)

    assert beyond(unmoved) == pytest.approx(0, abs=1e-5)
    assert beyond(batch) > 1e-4


def test_matching_adds_nothing_without_a_trigger_and_something_with_one() -> None:
    recipe = built("maze/deceptive_evasive")
    batch = recipe.batch(64, generator=generator())
    fires = recipe.trigger.fires(batch.instances)
    net = small_net()

    def added(index: torch.Tensor) -> float:
        part = batch[index]
        tokens = MAZE.tokens(part.instances)
        return float(recipe.loss(net, tokens, part) - cross_entropy(net(tokens), part.targets))

    assert added(~fires) == pytest.approx(0, abs=1e-6)
    assert added(torch.arange(64)) > 1e-3


@pytest.mark.parametrize("name", ["maze/proxy_corner_evasive", "maze/deceptive_adaptive"])
def test_batches_of_other_recipes_are_refused(name: str) -> None:
    plain = built(PARENTS[name]).batch(4, generator=generator())
    with pytest.raises(TypeError, match="own batches"):
        built(name).loss(small_net(), MAZE.tokens(plain.instances), plain)
