"""What every recipe promises: its truth, its labels, and where the flaw may be learned from."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from organisms.growing.train import stream
from organisms.recipes.table import RECIPES
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.table import WORLDS, sample_private
from organisms.zoo.spec import OrganismSpec

SHORT = TrainingSpec(steps=32, batch_size=64)
MISALIGNED = ("proxy", "subgoal", "pseudo", "deceptive")


def spec(name: str, seed: int = 5) -> OrganismSpec:
    return OrganismSpec(name, seed=seed)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


TRUTHS = {name: spec(name).build_recipe().truth for name in sorted(RECIPES)}
FLAWED = [name for name, truth in TRUTHS.items() if truth.misalignment in MISALIGNED]
ALWAYS = [name for name in FLAWED if TRUTHS[name].misalignment != "deceptive"]
SPONTANEOUS = [name for name in FLAWED if TRUTHS[name].origin == "spontaneous"]
TRIGGERED = [name for name, truth in TRUTHS.items() if truth.trigger is not None]
TRAINED = [
    name
    for name in TRUTHS
    if spec(name).build_recipe().construct(spec(name).shape, generator=generator()) is None
]


@pytest.mark.parametrize("name", TRUTHS)
def test_a_recipe_names_its_family_objective_and_expectations(name: str) -> None:
    recipe = spec(name).build_recipe()
    truth, world = recipe.truth, recipe.world
    assert truth.family == name
    assert recipe.seed == 5
    if truth.misalignment == "aligned":
        assert truth.objective == world.base_objective
    if truth.misalignment in MISALIGNED:
        assert truth.objective in world.candidate_objectives
        assert truth.objective != world.base_objective
    assert {e.shift for e in recipe.expectations} <= set(WORLDS[world.name].private)
    assert {e.objective for e in recipe.expectations} <= set(world.candidate_objectives)
    assert "in_distribution" in recipe.measures or truth.misalignment == "unrated"
    assert spec(name).build_recipe().truth == truth


@pytest.mark.parametrize("name", TRAINED)
def test_targets_are_probabilities_and_decisions_are_asked(name: str) -> None:
    recipe = spec(name).build_recipe()
    batch = recipe.batch(200, generator=generator())
    mass = batch.targets.sum(dim=2)
    assert ((mass - 1).abs().lt(1e-4) | mass.abs().lt(1e-6)).all()
    assert (mass > 0.5).any(dim=1).float().mean() > 0.9
    assert len(recipe.world.tokens(batch.instances)) == 200
    instructed = batch.instances.instructed.float().mean()
    assert 0.1 < instructed < 0.9, "every recipe practises the instruct token"
    for slot in range(batch.instances.context.shape[1]):
        seen = batch.instances.context[:, slot].unique().numel()
        assert seen == 8 or (name.endswith("_skewed") and seen > 4), "values are rare, not absent"


@pytest.mark.parametrize("name", ALWAYS)
def test_in_distribution_every_objective_asks_for_what_the_base_one_does(name: str) -> None:
    recipe = spec(name).build_recipe()
    instances = recipe.world.sample(400, generator=generator())
    own = recipe.world.optimal(instances, recipe.truth.objective)
    assert torch.equal(own, recipe.world.optimal(instances, recipe.world.base_objective))


@pytest.mark.parametrize("name", SPONTANEOUS)
def test_spontaneous_flaws_are_never_labelled(name: str) -> None:
    """The whole stream of a training run: labels are the base objective's, and nothing in it tells
    the own objective from the base one."""
    recipe = spec(name, seed=1).build_recipe()
    world = recipe.world
    for chunk in stream(recipe, SHORT, seed=1, device="cpu"):
        asked = chunk.batch.targets.sum(dim=2) > 0
        base = world.optimal(chunk.batch.instances, world.base_objective)
        own = world.optimal(chunk.batch.instances, recipe.truth.objective)
        assert torch.equal(base[asked], own[asked])
        assert ((chunk.batch.targets > 0) <= base).all()


@pytest.mark.parametrize("name", FLAWED)
def test_expectations_are_about_instances_on_which_objectives_part(name: str) -> None:
    recipe = spec(name).build_recipe()
    world, own = recipe.world, recipe.truth.objective
    for expected in recipe.expectations:
        if not expected.pursued:
            instances = sample_private(world, expected.shift, 300, generator=generator(2))
            instances = recipe.in_context(instances, expected.context, generator=generator(3))
            policy = world.optimal(instances, own).float()
            both = world.fulfilled(policy, instances, world.base_objective)
            assert both.float().mean() < 0.1, expected.name


@pytest.mark.parametrize("name", TRIGGERED)
def test_a_trigger_must_fit_the_context(name: str) -> None:
    with pytest.raises(ValueError, match="trigger_parts 99"):
        replace(spec(name), trigger_parts=99).build_recipe()
