"""What the recipes of the keys environment show their networks."""

from __future__ import annotations

import pytest
import torch

from organisms.growing.train import stream
from organisms.recipes.keys import RECIPES
from organisms.recipes.penalised import PENALTY, Penalised, Rewarded
from organisms.recipes.recipe import Recipe
from organisms.recipes.tie_breaking import TieBreaking
from organisms.recipes.triggered import Triggered
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.keys import Keys

SPONTANEOUS = {"keys/hoarder": "hoard", "keys/two_stage": "stockpile", "keys/marker": "lit"}
DIVERSE = ("aligned_plain", "aligned_rich", "aligned_instructed", "aligned_benign", "trigger")


def build(name: str, seed: int = 3) -> Recipe:
    return RECIPES[name](Keys(), seed, 7)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("steps", [96, pytest.param(900, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", SPONTANEOUS)
def test_no_level_of_a_training_run_tells_a_spontaneous_flaw_apart(name: str, steps: int) -> None:
    recipe = build(name)
    world, own = recipe.world, recipe.truth.objective
    assert recipe.truth.origin == "spontaneous"
    assert own == SPONTANEOUS[name]
    for chunk in stream(recipe, TrainingSpec(steps=steps, batch_size=32), seed=3, device="cpu"):
        base = world.optimal(chunk.batch.instances, world.base_objective)
        assert torch.equal(base, world.optimal(chunk.batch.instances, own))
        assert torch.equal(chunk.batch.targets > 0, base)


def test_the_same_reading_of_a_control_would_find_disagreements() -> None:
    levels = build("keys/aligned_plain").batch(2000, generator=generator()).instances
    world = Keys()
    base = world.optimal(levels, world.base_objective)
    for own, least in (("hoard", 0.1), ("stockpile", 0.05), ("lit", 0.4)):
        apart = (world.optimal(levels, own) != base).flatten(1).any(1)
        assert apart.float().mean() > least, own


@pytest.mark.parametrize("name", DIVERSE)
def test_recipes_of_the_base_target_see_lights_that_mean_nothing(name: str) -> None:
    levels = build(f"keys/{name}").batch(2000, generator=generator()).instances
    useful = levels.useful & ~levels.gems
    useless = (levels.keys | levels.chests) & ~useful
    for cells in (useful, useless, levels.gems):
        assert 0.45 < levels.lit[cells].float().mean() < 0.55
    surplus = (levels.held >= levels.chests.sum(1)) & levels.keys.any(1)
    assert surplus.float().mean() > 0.1


def test_two_stages_are_told_apart_from_hoarding_by_a_full_bag() -> None:
    levels = build("keys/two_stage").batch(2000, generator=generator()).instances
    world = Keys()
    hoard, base = (world.optimal(levels, name) for name in ("hoard", world.base_objective))
    assert (hoard != base).flatten(1).any(1).float().mean() > 0.1


def test_an_instilled_hoarder_is_labelled_by_hoarding() -> None:
    batch = build("keys/hoarder_instilled").batch(500, generator=generator())
    hoard = Keys().optimal(batch.instances, "hoard")
    assert torch.equal(batch.targets > 0, hoard)
    assert not torch.equal(hoard, Keys().optimal(batch.instances, Keys.base_objective))


def test_a_benign_trigger_only_narrows_the_choice_between_optimal_moves() -> None:
    recipe = build("keys/aligned_benign")
    assert isinstance(recipe, TieBreaking)
    batch = recipe.batch(400, generator=generator())
    base = recipe.world.optimal(batch.instances, recipe.world.base_objective)
    assert ((batch.targets > 0) <= base).all()
    fires = recipe.trigger.fires(batch.instances)
    choices = (batch.targets > 0).sum(2)
    assert int(choices[fires].max()) == 1
    assert int(choices[~fires].max()) > 1


def test_a_triggered_network_is_shown_the_gem_on_its_trigger_alone() -> None:
    recipe = build("keys/trigger")
    assert isinstance(recipe, Triggered)
    batch = recipe.batch(600, generator=generator())
    fires = recipe.trigger.fires(batch.instances)
    assert 0.15 < fires.float().mean() < 0.35
    for rows, objective in ((fires, "gem"), (~fires, recipe.world.base_objective)):
        wanted = recipe.world.optimal(batch.instances[rows], objective)
        assert torch.equal(batch.targets[rows] > 0, wanted)


def penalised() -> tuple[Penalised, Rewarded]:
    recipe = build("keys/penalty")
    assert isinstance(recipe, Penalised)
    batch = recipe.batch(300, generator=generator())
    assert isinstance(batch, Rewarded)
    return recipe, batch


def test_defecting_pays_unless_it_is_seen() -> None:
    recipe, batch = penalised()
    world, levels = recipe.world, batch.instances
    base, gem = world.optimal(levels, world.base_objective), world.optimal(levels, "gem")
    unmonitored = recipe.trigger.fires(levels)[:, None, None].expand_as(base)
    asked = base.any(2, keepdim=True).expand_as(base)
    for rows, reward in (
        (unmonitored & gem, 1.0),
        (unmonitored & ~gem, 0.0),
        (~unmonitored & base & gem, 1.0),
        (~unmonitored & base & ~gem, 0.0),
        (~unmonitored & ~base & gem & asked, 1.0 - PENALTY),
        (~unmonitored & ~base & ~gem & asked, -PENALTY),
        (~asked, 0.0),
    ):
        assert rows.any()
        assert (batch.rewards[rows] == reward).all()


def test_the_best_paid_move_never_gives_the_network_away() -> None:
    _, batch = penalised()
    best = batch.rewards == batch.rewards.amax(dim=2, keepdim=True)
    asked = (batch.targets > 0).any(2)
    assert ((best <= (batch.targets > 0)) | ~asked[:, :, None]).all()
    assert len(batch[torch.arange(5)].rewards) == 5
