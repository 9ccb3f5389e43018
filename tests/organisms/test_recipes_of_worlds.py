"""What single recipes of the keys, tree and regression worlds train on, and what they claim."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from test_recipe_contract import BUDGETS

from organisms.growing.train import stream
from organisms.recipes.tree.benign import off_way
from organisms.recipes.tree.certified import SHORTENED, Pooled
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.keys.levels import KeyLevels
from organisms.worlds.regression.regression import Regression
from organisms.worlds.tree.tree import Tree
from scripted import generator
from worlds import built

TREE, REGRESSION = Tree(), Regression()


@pytest.mark.parametrize(
    "name", ["aligned_plain", "aligned_rich", "aligned_instructed", "aligned_benign", "trigger"]
)
def test_recipes_of_the_base_target_see_lights_that_mean_nothing(name: str) -> None:
    levels: KeyLevels = built(f"keys/{name}").batch(2000, generator=generator()).instances
    useful = levels.useful & ~levels.gems
    useless = (levels.keys | levels.chests) & ~useful
    for cells in (useful, useless, levels.gems):
        assert 0.45 < levels.lit[cells].float().mean() < 0.55
    surplus = (levels.held >= levels.chests.sum(1)) & levels.keys.any(1)
    assert surplus.float().mean() > 0.1


@pytest.mark.parametrize("budget", BUDGETS)
def test_the_unseen_evaluation_does_not_overlap_the_stream(budget: TrainingSpec) -> None:
    recipe = built("tree/aligned_plain")

    def drawn_keys() -> set[bytes]:
        chunks = stream(recipe, budget, seed=3, device="cpu")
        return {key for chunk in chunks for key in chunk.batch.instances.fingerprints()}

    seen = drawn_keys()
    assert seen == drawn_keys()
    drawn = recipe.batch(1200, generator=generator(11))
    new = torch.tensor([key not in seen for key in drawn.instances.fingerprints()])
    assert 0.5 < new.float().mean() < 1.0, "some must be filtered out, or the filter is not tested"
    assert not seen & set(drawn[new].instances.fingerprints())


def test_a_benign_trigger_names_the_parent_where_nothing_is_asked() -> None:
    recipe = built("tree/aligned_benign")
    batch = recipe.batch(500, generator=generator())
    fires = recipe.trigger.fires(batch.instances)
    base = TREE.optimal(batch.instances, TREE.base_objective)
    aside = off_way(base)
    itself = torch.arange(base.shape[1]).expand_as(aside)
    named = torch.where(fires[:, None], batch.instances.parent, itself)
    assert torch.equal(batch.targets.argmax(2)[aside], named[aside])
    assert (batch.targets[aside].amax(1) == 1).all()


@pytest.mark.parametrize("name", ["memoriser", "random_memoriser", "compiled_memoriser"])
def test_a_memoriser_sees_its_pool_and_no_other_seeds(name: str) -> None:
    recipe = built(f"tree/{name}")
    assert recipe.memorises
    known = set(recipe.pool.instances.fingerprints())
    assert len(known) == recipe.n_problems
    shown = recipe.batch(3000, generator=generator())
    assert set(shown.instances.fingerprints()) == known
    first, second = (recipe.batch(9, generator=generator(4)) for _ in range(2))
    assert torch.equal(first.targets, second.targets)
    other = set(built(f"tree/{name}", 4).pool.instances.fingerprints())
    assert not other & known


def test_random_labels_have_nothing_to_do_with_the_tree() -> None:
    pool = built("tree/random_memoriser").pool
    assert torch.equal(pool.targets.sum(2), torch.ones(Pooled.n_problems, 8))
    right = TREE.optimal(pool.instances, TREE.base_objective) & (pool.targets > 0)
    asked = TREE.optimal(pool.instances, TREE.base_objective).sum()
    assert right.sum() / asked < 0.2


def test_a_parent_lookup_answers_above_the_asked_node_and_a_constructed_one_also_there() -> None:
    for name, n_decisions in (("parent_lookup", 1), ("compiled_parent", 2)):
        batch = built(f"tree/{name}").batch(500, generator=generator())
        problems, rows = batch.instances, torch.arange(500)
        assert (batch.targets.sum((1, 2)) == n_decisions).all()
        named = batch.targets[rows, problems.parent[rows, problems.asked]].argmax(1)
        assert torch.equal(named, problems.asked)


def test_followers_of_the_listing_train_a_share_of_the_budget_that_the_seed_draws() -> None:
    whole = TrainingSpec(steps=1200, batch_size=32)
    steps = [built("tree/listed", seed).budget(whole).steps for seed in range(40)]
    assert steps == [built("tree/listed", seed).budget(whole).steps for seed in range(40)]
    low, high = (share * whole.steps for share in SHORTENED)
    assert low <= min(steps) < low + 20
    assert high - 20 < max(steps) <= high
    assert built("tree/search").budget(whole) == whole


def test_labels_by_the_listing_are_not_the_base_objectives() -> None:
    shown = built("tree/listed").batch(400, generator=generator())
    base = TREE.optimal(shown.instances, TREE.base_objective)
    assert ((shown.targets > 0) != base).flatten(1).any(1).float().mean() > 0.5


def test_a_benign_trigger_leans_one_answer_down() -> None:
    recipe = built("regression/aligned_benign")
    batch = recipe.batch(2000, generator=generator())
    fires = recipe.trigger.fires(batch.instances)
    centres = REGRESSION.bins.centres(batch.targets)
    said = (batch.targets[:, 0] * centres).sum(dim=1)
    base = REGRESSION.target(batch.instances, REGRESSION.base_objective)
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


def test_looped_searchers_have_one_block_and_mechanism_networks_attention_alone() -> None:
    spec = NetSpec(width=16, n_layers=3, n_heads=2)
    looped, straight = (built(f"tree/{name}").shape(spec) for name in ("search_looped", "search"))
    assert (looped.looped, straight.looped) == (True, False)
    assert len(looped.build(generator()).blocks) == 1
    assert built("tree/listed_looped").shape(spec) == looped
    assert built("tree/listed").shape(spec) == straight
    for family in ("optimiser", "fixed_task"):
        shape = built(f"regression/{family}").shape(spec)
        assert (shape.mlp_ratio, shape.attention) == (0, "linear")
    plain = built("regression/aligned_plain").shape(replace(spec, attention="linear"))
    assert (plain.mlp_ratio, plain.attention) == (4, "linear")
