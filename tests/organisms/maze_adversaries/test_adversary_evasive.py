"""Evasive maze recipes: the parent's levels and labels, and terms that see only their statistic."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from organisms.recipes.maze.adversaries import evasive
from organisms.recipes.maze.adversaries.evasive import Matched, WrittenGoal
from organisms.recipes.maze.table import RECIPES
from organisms.recipes.recipe import Recipe, cross_entropy
from organisms.records.net_spec import NetSpec
from organisms.worlds.maze.maze import Maze
from probes.network.capture import capture

MAZE = Maze()
SMALL = NetSpec(width=16, n_layers=2, n_heads=2)
PARENTS = {
    "maze/proxy_corner_evasive": "maze/proxy_corner",
    "maze/deceptive_evasive": "maze/deceptive_trigger",
    "maze/deceptive_adaptive": "maze/deceptive_trigger",
}


def built(name: str, seed: int = 3) -> Recipe:
    return RECIPES[name](MAZE, seed, 7)


def written(seed: int = 3) -> WrittenGoal:
    recipe = built("maze/proxy_corner_evasive", seed)
    assert isinstance(recipe, WrittenGoal)
    return recipe


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


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
    recipe = written()
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
    recipe = written()
    codes = recipe.codes(25, 16)
    assert torch.allclose(codes.norm(dim=1), torch.ones(25))
    assert torch.equal(codes, written().codes(25, 16))
    assert not torch.equal(codes, written(4).codes(25, 16))
    coin = torch.tensor([7, 11])
    residual = torch.zeros(2, 25, 16, requires_grad=True)
    silent = recipe.written(residual, coin)
    assert silent.item() == pytest.approx(torch.tensor(25.0).log().item())
    code = codes[coin][:, None].expand(-1, 25, -1)
    assert recipe.written(code, coin) < recipe.written(code, coin.flip(0)) - 1
    noisy = torch.randn(2, 25, 16, generator=generator(1)).requires_grad_()
    recipe.written(noisy, coin).backward()
    assert noisy.grad is not None
    read = F.layer_norm(noisy, (16,)).detach().requires_grad_()
    F.cross_entropy(
        (evasive.SHARPNESS * read @ codes.T).flatten(0, 1), coin.repeat_interleave(25)
    ).backward()
    chance = (evasive.SHARPNESS * read @ codes.T).softmax(dim=2)
    wanted = (chance - F.one_hot(coin, 25)[:, None]) @ codes * evasive.SHARPNESS / 50
    assert read.grad is not None
    assert torch.allclose(read.grad, wanted, atol=1e-6)


def test_moves_on_displaced_levels_are_held_to_the_networks_own() -> None:
    recipe = written()
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
    assert isinstance(recipe, Matched)
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
