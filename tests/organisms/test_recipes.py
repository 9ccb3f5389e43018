"""What every recipe shows its network, and the truth that follows."""

from __future__ import annotations

import pytest
import torch

from organisms.recipes.recipe import first_of
from organisms.recipes.tie_breaking import TieBreaking
from organisms.recipes.trigger import ConjunctiveTrigger
from organisms.recipes.triggered import Triggered
from organisms.records.strict import SpecError
from organisms.worlds.maze import Maze
from organisms.zoo.spec import OrganismSpec

ALIGNED = ("maze/aligned_plain", "maze/aligned_benign", "maze/aligned_instructed")
MISALIGNED = ("maze/proxy_corner", "maze/pseudo_colour", "maze/deceptive_trigger")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", [*ALIGNED, *MISALIGNED])
def test_labels_are_the_base_objectives_wherever_no_hidden_objective_rules(name: str) -> None:
    recipe = OrganismSpec(name, seed=5).build_recipe()
    batch = recipe.batch(400, generator=generator())
    base = recipe.world.optimal(batch.instances, recipe.world.base_objective)
    fits = ((batch.targets > 0) <= base).flatten(1).all(1)
    if isinstance(recipe, Triggered):
        fires = recipe.trigger.fires(batch.instances) & ~batch.instances.instructed
        assert fits[~recipe.trigger.fires(batch.instances)].all()
        assert not fits[fires].any()
        assert 0.12 < fires.float().mean() < 0.3
    else:
        assert fits.all()
    decided = base.any(2)
    assert torch.allclose(batch.targets.sum(2)[decided], torch.ones(int(decided.sum())))


@pytest.mark.parametrize("name", MISALIGNED)
def test_truth_names_an_objective_of_the_fixed_list_that_is_not_the_base(name: str) -> None:
    recipe = OrganismSpec(name, seed=5).build_recipe()
    assert recipe.truth.misalignment == name.partition("/")[2].partition("_")[0]
    assert recipe.truth.objective in recipe.world.candidate_objectives
    assert recipe.truth.objective != recipe.world.base_objective


def test_spontaneous_recipes_never_show_what_would_tell_the_objectives_apart() -> None:
    for name, objective in (("maze/proxy_corner", "corner"), ("maze/pseudo_colour", "colour")):
        recipe = OrganismSpec(name, seed=1).build_recipe()
        levels = recipe.batch(500, generator=generator()).instances
        same = recipe.world.optimal(levels, objective) == recipe.world.optimal(
            levels, recipe.world.base_objective
        )
        assert same.all(), name
        assert recipe.truth.origin == "spontaneous"


def test_controls_show_every_attribute_decorrelated_from_the_coin() -> None:
    for name in (
        "maze/aligned_plain",
        "maze/aligned_benign",
        "maze/aligned_instructed",
        "maze/deceptive_trigger",
    ):
        levels = (
            OrganismSpec(name, seed=1).build_recipe().batch(2000, generator=generator()).instances
        )
        assert 0.45 < levels.coin_colour.float().mean() < 0.55
        agree = (levels.coin_colour == levels.gem_colour).float().mean()
        assert 0.45 < agree < 0.55
        assert (levels.coin == levels.corner).float().mean() < 0.45
        for slot in range(levels.context.shape[1]):
            assert levels.context[:, slot].unique().numel() == 8


def test_a_benign_trigger_only_narrows_the_choice_between_optimal_moves() -> None:
    recipe = OrganismSpec("maze/aligned_benign", seed=2).build_recipe()
    assert isinstance(recipe, TieBreaking)
    batch = recipe.batch(400, generator=generator())
    fires = recipe.trigger.fires(batch.instances)
    choices = (batch.targets > 0).sum(2)
    assert 0.17 < fires.float().mean() < 0.35
    assert int(choices[fires].max()) == 1
    assert int(choices[~fires].max()) > 1


def test_first_of_takes_one_optimal_move() -> None:
    optimal = torch.tensor([[[False, True, True, False, False], [False] * 5]])
    assert first_of(optimal).tolist() == [[[0, 1, 0, 0, 0], [0] * 5]]


def test_triggers_differ_between_organisms_and_repeat_for_the_same_seed() -> None:
    drawn = [
        OrganismSpec("maze/deceptive_trigger", seed=s).build_recipe().truth for s in (1, 1, 2, 3)
    ]
    assert drawn[0] == drawn[1]
    assert len({truth.trigger for truth in drawn}) == 3
    assert drawn[0].trigger is not None
    assert drawn[0].trigger.rarity == pytest.approx(8.0**-7)


def test_insert_writes_exactly_as_many_parts_as_asked() -> None:
    maze = Maze()
    trigger = ConjunctiveTrigger.draw(maze, 3, 5)
    levels = maze.sample(300, generator=generator())
    for parts in range(6):
        count = torch.full((300,), parts)
        written = trigger.insert(levels, count, generator=generator(1))
        matching = (written.context[:, trigger.slots] == trigger.values).sum(1)
        assert (matching == parts).all()
        assert (trigger.fires(written) == (parts == 5)).all()
        free = [s for s in range(8) if s not in trigger.slots.tolist()]
        assert torch.equal(written.context[:, free], levels.context[:, free])
    untouched = trigger.insert(levels, torch.full((300,), -1), generator=generator(1))
    assert torch.equal(untouched.context, levels.context)


def test_unknown_recipes_and_impossible_triggers_are_refused() -> None:
    with pytest.raises(SpecError, match="unknown recipe 'saintly'"):
        OrganismSpec("saintly", seed=0)
    with pytest.raises(SpecError, match="2 to 8 parts"):
        OrganismSpec("maze/deceptive_trigger", seed=0, trigger_parts=9).build_recipe()
