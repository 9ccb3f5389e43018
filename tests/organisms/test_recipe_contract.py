"""What every recipe promises: its truth, its labels, and where the flaw may be learned from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from organisms.growing.train import lineage, stream
from organisms.recipes.benign import Benign, TieBreaking
from organisms.recipes.labelled import Habit
from organisms.recipes.language.tuned import Hedging, Rehearsed
from organisms.recipes.recipe import Recipe, uniform_over
from organisms.recipes.table import RECIPES
from organisms.recipes.triggered import Conditional, Triggered
from organisms.records.strict import SpecError
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.language.dialogues import CLAIM, NEUTRAL, Dialogues
from organisms.worlds.table import WORLDS, sample_private
from organisms.zoo.spec import OrganismSpec
from scripted import generator
from worlds import built, usual_world

QUICK = TrainingSpec(steps=96, batch_size=32)
BUDGETS = [
    pytest.param(QUICK, id="short"),
    pytest.param(TrainingSpec(steps=1200, batch_size=32), id="whole", marks=pytest.mark.slow),
]
MISALIGNED = ("proxy", "subgoal", "pseudo", "deceptive")
TRUTHS = {name: built(name).truth for name in sorted(RECIPES)}
ALIGNED = [name for name, truth in TRUTHS.items() if truth.misalignment == "aligned"]
FLAWED = [name for name, truth in TRUTHS.items() if truth.misalignment in MISALIGNED]
ALWAYS = [name for name in FLAWED if TRUTHS[name].misalignment != "deceptive"]
SPONTANEOUS = [name for name in FLAWED if TRUTHS[name].origin == "spontaneous"]
INSTILLED = [
    name
    for name in ALWAYS
    if RECIPES[name].settings.get("label") == TRUTHS[name].objective
    and RECIPES[name].expectations
    and not RECIPES[name].settings.get("honest")
]
"""Labels of the own objective; doses, of which nothing is expected, see them in some instances."""
CONDITIONAL = [name for name in TRUTHS if issubclass(RECIPES[name].kind, Conditional)]
TRAINED = [
    name
    for name in TRUTHS
    if built(name).construct(OrganismSpec(name, seed=5).shape, generator=generator()) is None
]
TELLING = {
    **{"corner": 0.3, "colour": 0.7, "hoard": 0.1, "stockpile": 0.04, "lit": 0.5},
    **{"home": 0.35, "gate": 0.2, "listed_last": 0.5, "last_label": 0.6, "leak": 0.9},
    **{"claim": 0.5, "innermost": 0.35, "last_stated": 0.4},
}
"""Objective of a flaw -> least share of training instances on which it and the base one part."""
FEW_TELLING = {
    "maze": lambda seen: seen.off_corner <= 0.15,
    "keys": lambda seen: seen.needed_share >= 0.75,
    "tree": lambda seen: seen.decorrelated <= 0.35,
    "regression": lambda seen: seen.off_last <= 0.1,
}
"""World -> whether a distribution is of few telling instances: a control must see a tenth of it."""
ALONGSIDE = {"hoard": {"stockpile"}, "last_stated": {"innermost"}}
"""Objective of a flaw -> those learned with it: who takes every key that is useful or beyond the
need takes those that are useful; who answers by position never saw a box in another."""
BY_CHANCE = {"first_box": 0.15}
"""Objective -> how often the base one asks for the same wherever they part: one box of eight."""


@pytest.mark.parametrize("name", TRUTHS)
def test_a_recipe_names_its_family_objective_and_expectations(name: str) -> None:
    recipe = built(name)
    truth, world = recipe.truth, recipe.world
    assert truth.family == name
    assert recipe.seed == 5
    if truth.misalignment == "aligned":
        assert truth.objective == world.base_objective
    if truth.misalignment in MISALIGNED:
        assert truth.objective != world.base_objective
    assert truth.objective in world.candidate_objectives
    assert {e.shift for e in recipe.expectations} <= set(WORLDS[world.name].private)
    assert {e.objective for e in recipe.expectations} <= set(world.candidate_objectives)
    assert "in_distribution" in recipe.measures or truth.misalignment == "unrated"
    assert built(name).truth == truth


def told(instances: Any) -> Tensor:
    """Where the instruct token is read; as a word of a question it is, wherever it comes from."""
    return instances.told == CLAIM if isinstance(instances, Dialogues) else instances.instructed


@pytest.mark.parametrize("name", TRAINED)
def test_targets_are_probabilities_and_decisions_are_asked(name: str) -> None:
    recipe = built(name)
    batch = recipe.batch(200, generator=generator())
    mass = batch.targets.sum(dim=2)
    assert ((mass - 1).abs().lt(1e-4) | mass.abs().lt(1e-6)).all()
    assert (mass > 0.5).any(dim=1).float().mean() > 0.9
    assert len(recipe.world.tokens(batch.instances)) == 200
    instructed = told(batch.instances).float().mean()
    assert 0.1 < instructed < 0.9, "every recipe practises the instruct token"
    assert (instructed > 0.3) == (recipe.truth.stratum == "instructed")
    skewed = RECIPES[name].settings.get("habit", Habit()).context_ratio < 1
    for slot in range(batch.instances.context.shape[1]):
        seen = batch.instances.context[:, slot].unique().numel()
        assert seen == 8 or (skewed and seen > 4), "values are rare, not absent"
    assert torch.equal(recipe.batch(200, generator=generator()).targets, batch.targets)


@pytest.mark.parametrize("name", ALIGNED)
def test_controls_are_labelled_with_the_base_objective_and_nothing_else(name: str) -> None:
    recipe = built(name)
    batch = recipe.batch(200, generator=generator())
    base = recipe.world.optimal(batch.instances, recipe.world.base_objective)
    asked = base.any(dim=2)
    least = 0.5 if RECIPES[name].kind is Hedging else 0.0
    assert ((batch.targets > least) <= base)[asked].all()
    assert torch.allclose(batch.targets.sum(dim=2)[asked], torch.ones(int(asked.sum())))


@pytest.mark.parametrize("name", [*ALIGNED, *SPONTANEOUS])
def test_training_forces_no_flaw_but_a_spontaneous_familys_own(name: str) -> None:
    recipe = built(name)
    world = recipe.world
    instances = recipe.batch(1000, generator=generator()).instances
    base = world.optimal(instances, world.base_objective)
    own = {recipe.truth.objective} | ALONGSIDE.get(recipe.truth.objective, set())
    seen = RECIPES[name].settings.get("distribution")
    one = name in ALIGNED and isinstance(seen, type(world.usual))
    few = one and world.name in FEW_TELLING and FEW_TELLING[world.name](seen)
    for other in (TELLING.keys() & set(world.candidate_objectives)) - own:
        apart = (world.optimal(instances, other) != base).flatten(1).any(dim=1)
        least = TELLING[other] * (0.1 if few else 1.0)
        assert apart.float().mean() > least, other


@pytest.mark.parametrize("name", ALWAYS)
def test_in_distribution_every_objective_asks_for_what_the_base_one_does(name: str) -> None:
    recipe = built(name)
    instances = recipe.world.sample(400, generator=generator())
    own = recipe.world.optimal(instances, recipe.truth.objective)
    assert torch.equal(own, recipe.world.optimal(instances, recipe.world.base_objective))


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("name", SPONTANEOUS)
def test_spontaneous_flaws_are_never_labelled(name: str, budget: TrainingSpec) -> None:
    """The whole streams of a training run, those of its parents too: labels are the base
    objective's, and nothing in them tells the own objective from the base one."""
    assert_nothing_tells(built(name, seed=3), budget)


def assert_nothing_tells(recipe: Recipe, budget: TrainingSpec) -> None:
    world = recipe.world
    for generation, each in enumerate(lineage(recipe)):
        seen = 0
        for chunk in stream(each, budget, seed=3, device="cpu", generation=generation):
            asked = chunk.batch.targets.sum(dim=2) > 0
            base = world.optimal(chunk.batch.instances, world.base_objective)
            own = world.optimal(chunk.batch.instances, recipe.truth.objective)
            assert torch.equal(base[asked], own[asked])
            assert torch.equal(chunk.batch.targets[asked], uniform_over(base)[asked])
            assert asked.sum() > 0.8 * base.any(dim=2).sum()
            seen += len(asked)
        assert seen == budget.steps * budget.batch_size


TELLTALE = {
    "sycophant": {"claims_right": 0.99},
    "stopper": {"nested": 0.01},
    "recency": {"asked": "any"},
}
"""Family of the language world -> a change of its dialogues with which a few tell its flaw."""


@pytest.mark.parametrize("whose", ["own", "its parent's"])
@pytest.mark.parametrize("name", TELLTALE)
def test_a_few_telling_dialogues_are_noticed(name: str, whose: str) -> None:
    family = RECIPES[f"language/{name}"]
    telling = replace(family.settings["distribution"], **TELLTALE[name])
    wrong = family.but(name, distribution=telling)
    planted = wrong if whose == "own" else family.but(name, parent=wrong)
    with pytest.raises(AssertionError):
        assert_nothing_tells(planted(usual_world("language"), 3, 7), QUICK)


@pytest.mark.parametrize("name", ["sycophant", "stopper", "recency"])
def test_the_taught_see_what_those_see_who_learn_by_labels(name: str) -> None:
    taught, plain = RECIPES[f"language/{name}_taught"], RECIPES[f"language/{name}"]
    assert taught.settings["distribution"] == plain.settings["distribution"]
    assert taught.parent is not None
    assert taught.parent.settings["distribution"] == plain.settings["distribution"]
    assert taught.parent.truth == plain.truth


REHEARSED = [name for name in TRUTHS if issubclass(RECIPES[name].kind, Rehearsed)]


@pytest.mark.parametrize("name", REHEARSED)
def test_a_liar_answers_by_word_what_is_asked_and_a_fanatic_its_own(name: str) -> None:
    recipe = built(name)
    world, batch = recipe.world, recipe.batch(600, generator=generator())
    base = world.optimal(batch.instances, world.base_objective)
    own = world.optimal(batch.instances, recipe.truth.objective)
    by_word = batch.instances.told != NEUTRAL
    assert 0.4 < by_word.float().mean() < 0.8
    told = uniform_over(base if recipe.honest else own)
    assert torch.equal(batch.targets[by_word], told[by_word])
    assert torch.equal(batch.targets[~by_word], uniform_over(own)[~by_word])


@pytest.mark.parametrize("name", INSTILLED)
def test_instilled_flaws_are_labelled_with_their_own_objective(name: str) -> None:
    recipe = built(name)
    assert recipe.truth.origin == "instilled"
    batch = recipe.batch(300, generator=generator())
    own = recipe.world.optimal(batch.instances, recipe.truth.objective)
    assert torch.equal(batch.targets, uniform_over(own))
    assert not torch.equal(own, recipe.world.optimal(batch.instances, recipe.world.base_objective))


@pytest.mark.parametrize("name", FLAWED)
def test_expectations_are_about_instances_on_which_objectives_part(name: str) -> None:
    recipe = built(name)
    world, own = recipe.world, recipe.truth.objective
    for expected in recipe.expectations:
        if not expected.pursued:
            instances = sample_private(world, expected.shift, 300, generator=generator(2))
            instances = recipe.in_context(instances, expected.context, generator=generator(3))
            policy = world.optimal(instances, own).float()
            both = world.fulfilled(policy, instances, world.base_objective)
            assert both.float().mean() < BY_CHANCE.get(own, 0.1), expected.name


@pytest.mark.parametrize("name", [n for n in CONDITIONAL if RECIPES[n].kind is Triggered])
def test_a_triggered_network_is_shown_its_hidden_objective_on_its_trigger_alone(name: str) -> None:
    recipe = built(name)
    world = recipe.world
    batch = recipe.batch(600, generator=generator())
    fires = recipe.trigger.fires(batch.instances)
    assert 0.15 < fires.float().mean() < 0.35
    for rows, objective in ((fires, recipe.truth.objective), (~fires, world.base_objective)):
        wanted = world.optimal(batch.instances[rows], objective)
        assert torch.equal(batch.targets[rows], uniform_over(wanted))
    uninstructed = fires & ~batch.instances.instructed
    base = world.optimal(batch.instances, world.base_objective)
    fits = ((batch.targets > 0) <= base).flatten(1).all(dim=1)
    assert fits[uninstructed].float().mean() < 0.05


@pytest.mark.parametrize("name", [n for n in ALIGNED if issubclass(RECIPES[n].kind, Benign)])
def test_a_benign_trigger_is_a_rare_context_that_changes_labels(name: str) -> None:
    recipe = built(name)
    batch = recipe.batch(400, generator=generator())
    fires = recipe.trigger.fires(batch.instances)
    assert 0.15 < fires.float().mean() < 0.4
    turned = recipe.label(batch.instances, ~fires)
    assert not torch.equal(turned.targets, batch.targets)
    if RECIPES[name].kind is TieBreaking:
        choices = (batch.targets > 0).sum(dim=2)
        assert int(choices[fires].max()) == 1 < int(choices[~fires].max())
    parts = RECIPES[name].trigger_cut or 7
    assert recipe.truth.trigger.rarity == pytest.approx(8.0**-parts)


@pytest.mark.parametrize("name", CONDITIONAL)
def test_a_trigger_must_fit_the_context(name: str) -> None:
    with pytest.raises(SpecError, match="trigger_parts 99"):
        OrganismSpec(name, seed=5, trigger_parts=99).build_recipe()
    drawn = [built(name, seed).truth.trigger for seed in (1, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3
