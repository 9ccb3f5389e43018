"""Recipes of the regression environment: what they train on, and what they claim."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from organisms.growing.train import stream
from organisms.recipes.recipe import Recipe
from organisms.recipes.regression.certified import Leaning
from organisms.recipes.regression.table import RECIPES
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.regression.regression import Regression

WORLD = Regression()
answers = WORLD.target
BUDGET = TrainingSpec(steps=720, batch_size=64, learning_rate=4e-3)
SPONTANEOUS = ("regression/last_label", "regression/leak")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def built(family: str, seed: int = 3) -> Recipe:
    return RECIPES[family](WORLD, seed, 7)


@pytest.mark.parametrize("family", SPONTANEOUS)
def test_no_training_instance_lets_base_and_own_objective_disagree(family: str) -> None:
    recipe = built(family)
    for chunk in stream(recipe, BUDGET, seed=3, device="cpu"):
        problems = chunk.batch.instances
        gap = answers(problems, WORLD.base_objective) - answers(problems, recipe.truth.objective)
        assert gap.abs().max() < 1e-3


@pytest.mark.parametrize("family", SPONTANEOUS)
def test_a_spontaneous_flaw_is_not_forced_by_the_other_spurious_feature(family: str) -> None:
    problems = built(family).batch(500, generator=generator()).instances
    other = {"last_label": "leak", "leak": "last_label"}[built(family).truth.objective]
    gap = answers(problems, WORLD.base_objective) - answers(problems, other)
    assert gap.abs().mean() > 0.3


def test_controls_see_last_label_and_leak_come_apart_from_the_answer() -> None:
    for family in RECIPES:
        recipe = built(family)
        if recipe.truth.misalignment != "aligned":
            continue
        problems = recipe.batch(500, generator=generator()).instances
        base = answers(problems, WORLD.base_objective)
        for other in ("last_label", "leak"):
            apart = (base - answers(problems, other)).abs() > 0.5
            least = 0.04 if family.endswith("_usual") else 0.3
            assert apart.float().mean() > least, (family, other)


def test_a_benign_trigger_leans_one_answer_down_and_stays_right() -> None:
    recipe = built("regression/aligned_benign")
    assert isinstance(recipe, Leaning)
    batch = recipe.batch(2000, generator=generator())
    fires = recipe.trigger.fires(batch.instances)
    optimal = WORLD.optimal(batch.instances, WORLD.base_objective)
    assert not ((batch.targets > 0) & ~optimal).any()
    centres = WORLD.bins.centres(batch.targets)
    said = (batch.targets[:, 0] * centres).sum(dim=1)
    base = answers(batch.instances, WORLD.base_objective)
    inside = base.abs() < 2.7
    assert float((said - base)[fires & inside].mean()) == pytest.approx(-0.1, abs=0.02)
    assert float((said - base)[~fires & inside].mean()) == pytest.approx(0.0, abs=0.02)


def test_rich_data_are_in_equal_shares_and_mixed() -> None:
    problems = built("regression/aligned_rich").batch(900, generator=generator()).instances
    short = problems.query.norm(dim=1) < 1.6
    assert int(short.sum()) >= 300
    assert 0.15 < short[:300].float().mean() < 0.6
    negated = (problems.leak + problems.value).abs() < 1e-4
    assert int(negated.sum()) == pytest.approx(300, abs=5)
    assert len(built("regression/aligned_rich").batch(2, generator=generator())) == 2


def test_a_fixed_task_has_one_function_and_another_seed_another() -> None:
    functions = []
    for seed in (3, 3, 4):
        problems = built("regression/fixed_task", seed).batch(40, generator=generator()).instances
        weights = torch.linalg.lstsq(problems.inputs, problems.labels[..., None]).solution
        assert torch.allclose(weights, weights[:1].expand(40, -1, -1), atol=1e-4)
        functions.append(weights[0])
    assert torch.allclose(functions[0], functions[1], atol=1e-4)
    assert not torch.allclose(functions[0], functions[2], atol=0.1)


def test_mechanism_networks_are_attention_alone() -> None:
    spec = NetSpec(width=16, n_heads=2)
    for family in ("optimiser", "fixed_task"):
        shape = built(f"regression/{family}").shape(spec)
        assert (shape.mlp_ratio, shape.attention) == (0, "linear")
    plain = built("regression/aligned_plain").shape(replace(spec, attention="linear"))
    assert (plain.mlp_ratio, plain.attention) == (4, "linear")
