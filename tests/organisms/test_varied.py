"""Aligned families that differ from the plain control by one habit of training."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from organisms.recipes.table import RECIPES
from organisms.recipes.triggered import Conditional
from organisms.recipes.varied import Habit, Varied
from organisms.records.strict import SpecError
from organisms.zoo.spec import OrganismSpec

VARIED = sorted(
    name for name in RECIPES if isinstance(OrganismSpec(name, seed=5).build_recipe(), Varied)
)
BRIEF = sorted(name for name in RECIPES if name.endswith("_benign_brief"))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def varied(name: str) -> Varied:
    recipe = OrganismSpec(name, seed=5).build_recipe()
    assert isinstance(recipe, Varied)
    return recipe


@pytest.mark.parametrize("name", VARIED)
def test_the_labels_are_the_base_objectives_and_the_package_is_the_plain_controls(
    name: str,
) -> None:
    spec = OrganismSpec(name, seed=5)
    recipe = varied(name)
    batch = recipe.batch(200, generator=generator())
    base = recipe.world.optimal(batch.instances, recipe.world.base_objective)
    assert ((batch.targets > 0) <= base).all()
    asked = base.any(2)
    assert torch.allclose(batch.targets.sum(2)[asked], torch.ones(int(asked.sum())))
    assert spec.shape == spec.twin.shape
    own = recipe.budget(spec.training)
    assert replace(own, weight_decay=spec.training.weight_decay) == spec.training
    plain = spec.twin.build_recipe()
    assert recipe.truth.family == name
    assert recipe.expectations == plain.expectations
    assert recipe.truth.misalignment == "aligned"


@pytest.mark.parametrize("name", [n for n in VARIED if n.endswith("aligned_skewed")])
def test_context_values_have_the_frequencies_of_a_geometric_series(name: str) -> None:
    """Within five standard errors of 2^-k, normalised over eight values, in every slot."""
    context = varied(name).batch(2000, generator=generator()).instances.context
    wanted = 0.5 ** torch.arange(8) / (2 - 0.5**7)
    for slot in range(context.shape[1]):
        seen = torch.bincount(context[:, slot], minlength=8) / 2000
        assert ((seen - wanted).abs() < 5 * (wanted * (1 - wanted) / 2000).sqrt()).all()


@pytest.mark.parametrize("name", [n for n in VARIED if n.endswith("_decided")])
def test_a_decided_family_sees_one_label_where_several_actions_are_optimal(name: str) -> None:
    recipe = varied(name)
    batch = recipe.batch(200, generator=generator())
    tied = recipe.world.optimal(batch.instances, recipe.world.base_objective).sum(2) > 1
    assert tied.any()
    assert int((batch.targets > 0).sum(2).max()) == 1


@pytest.mark.parametrize("name", BRIEF)
def test_a_brief_trigger_fires_in_one_of_64_uniform_contexts(name: str) -> None:
    recipe = OrganismSpec(name, seed=5).build_recipe()
    assert isinstance(recipe, Conditional)
    assert recipe.truth.trigger is not None
    assert recipe.truth.trigger.rarity == pytest.approx(1 / 64)
    assert recipe.truth.family == name
    assert recipe.truth.stratum == "benign_conditional"


def test_a_habit_refuses_values_that_grow_more_frequent() -> None:
    with pytest.raises(SpecError, match="context_ratio"):
        Habit(context_ratio=1.5)
