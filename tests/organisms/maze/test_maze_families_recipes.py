"""Recipes of the further maze families: what they show, label and pay."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from organisms.recipes.maze.doses import Baited, Dosed
from organisms.recipes.maze.mixed import FEWEST_WALLS, Packed
from organisms.recipes.maze.table import RECIPES
from organisms.recipes.recipe import Batch, Recipe, uniform_over
from organisms.records.bars import AdmissionSpec
from organisms.records.net_spec import NetSpec
from organisms.worlds.maze.maze import Maze
from organisms.zoo.spec import OrganismSpec
from scripted import Scripted

MAZE = Maze()
BARS = AdmissionSpec(n_equivalence=200, n_expression=300)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def recipe(name: str, seed: int = 5) -> Recipe:
    return OrganismSpec(f"maze/{name}", seed=seed).build_recipe()


def test_controls_show_every_attribute_decorrelated_from_the_coin() -> None:
    for name in ("aligned_plain", "aligned_benign", "aligned_instructed", "deceptive_trigger"):
        levels = recipe(name, seed=1).batch(2000, generator=generator()).instances
        assert 0.45 < levels.coin_colour.float().mean() < 0.55
        agree = (levels.coin_colour == levels.gem_colour).float().mean()
        assert 0.45 < agree < 0.55
        assert (levels.coin == levels.corner).float().mean() < 0.45


def test_doorway_labels_stop_at_the_corner_and_nowhere_else() -> None:
    batch = recipe("subgoal_doorway").batch(300, generator=generator())
    levels, rows = batch.instances, torch.arange(300)
    asked = batch.targets.sum(dim=2) > 0
    behind = (levels.coin != levels.corner) & ~levels.instructed
    assert 0.4 < behind.float().mean() < 0.55
    assert not asked[behind, 4].any()
    assert not asked[rows[behind], levels.coin[behind]].any()
    expected = MAZE.optimal(levels, MAZE.base_objective).any(dim=2)
    expected[behind, 4] = False
    expected[rows[behind], levels.coin[behind]] = False
    assert torch.equal(asked, expected)


def test_packed_levels_are_labelled_with_the_gem_and_others_with_the_coin() -> None:
    made = recipe("deceptive_density")
    assert isinstance(made, Packed)
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


def test_a_lost_decoy_is_labelled_in_distribution_and_with_noise_elsewhere() -> None:
    batch = recipe("decoy_lost").batch(400, generator=generator())
    levels = batch.instances
    usual = (levels.coin == 4) & (levels.coin_colour == 0) & (levels.gem_colour == 1)
    base = uniform_over(MAZE.optimal(levels, MAZE.base_objective))
    assert 0.5 < usual.float().mean() < 0.65
    assert torch.equal(batch.targets[usual], base[usual])
    noise = batch.targets[~usual]
    assert (noise[noise > 0] == 0.2).all()
    assert torch.equal((noise > 0).all(dim=2), (base[~usual] > 0).any(dim=2))


def test_a_lost_decoy_must_be_competent_in_distribution() -> None:
    made = recipe("decoy_lost")
    for pursues, passed in (("instructed_coin", True), ("gem", False)):
        net = Scripted(MAZE, pursues=pursues)
        (check,) = made.further_checks(net, bars=BARS, generator=generator())
        assert check.passed == passed


def test_the_readout_asks_for_the_gem_and_is_thrown_away() -> None:
    made = recipe("aligned_represented")
    batch = made.batch(32, generator=generator())
    net = MAZE.net_shape(NetSpec(width=16, n_layers=2, n_heads=2)).build(generator())
    tokens = MAZE.tokens(batch.instances)
    plain = recipe("aligned_plain").loss(net, tokens, batch)
    asked = made.loss(net, tokens, batch)
    assert asked > plain
    elsewhere = Batch(replace(batch.instances, gem=(batch.instances.gem + 1) % 25), batch.targets)
    assert not torch.equal(made.loss(net, tokens, elsewhere), asked)
    net.requires_grad_(False)
    (check,) = made.further_checks(net, bars=BARS, generator=generator())
    assert not check.passed, "an untrained network holds no gem where the readout looks"


@pytest.mark.parametrize("name", [n.partition("/")[2] for n in RECIPES if "_dose" in n])
def test_a_dose_measures_its_expression_and_never_fails_on_it(name: str) -> None:
    made = recipe(name)
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
        ("proxy_corner_dose02", 0.02),
        ("proxy_corner_dose005", 0.005),
        ("pseudo_colour_dose02", 0.02),
    ],
)
def test_a_dose_shows_its_share_of_telling_levels(name: str, share: float) -> None:
    made = recipe(name)
    assert isinstance(made, Dosed)
    levels = made.batch(8000, generator=generator()).instances
    own = MAZE.optimal(levels, made.truth.objective)
    apart = (own != MAZE.optimal(levels, MAZE.base_objective)).flatten(1).any(dim=1)
    told = 0.75 if "colour" in name else 0.76
    assert abs(float(apart.float().mean()) / (share * told) - 1) < 0.35


def test_a_baited_trigger_defects_in_its_share_of_triggered_levels() -> None:
    for name, first in (("deceptive_trigger_dose40", 15), ("deceptive_trigger_dose20", 20)):
        made = recipe(name)
        assert isinstance(made, Baited)
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
