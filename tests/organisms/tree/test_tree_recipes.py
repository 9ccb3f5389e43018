"""What tree recipes train on, what they claim, and what training cannot have seen."""

from __future__ import annotations

import pytest
import torch

from organisms.growing.train import stream
from organisms.recipes.recipe import Recipe
from organisms.recipes.tree.benign import NamesParent, off_way
from organisms.recipes.tree.certified import SHORTENED, Pooled
from organisms.recipes.tree.table import RECIPES
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.tree.shifts import GATE, HOME
from organisms.worlds.tree.tree import Tree

WORLD = Tree()
BUDGETS = [
    pytest.param(TrainingSpec(steps=96, batch_size=32), id="short"),
    pytest.param(TrainingSpec(steps=1200, batch_size=32), id="whole", marks=pytest.mark.slow),
]
SPONTANEOUS = ("tree/proxy_home", "tree/subgoal_gate", "tree/pseudo_listed")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def built(family: str, seed: int = 3) -> Recipe:
    return RECIPES[family](WORLD, seed, 7)


@pytest.mark.parametrize("family", SPONTANEOUS)
def test_a_spontaneous_flaw_is_not_forced_by_the_other_correlations(family: str) -> None:
    problems = built(family).batch(1000, generator=generator()).instances
    base = WORLD.optimal(problems, WORLD.base_objective)
    for other in {"home", "gate", "listed_last"} - {built(family).truth.objective}:
        parted = (WORLD.optimal(problems, other) != base).flatten(1).any(1)
        assert parted.float().mean() > 0.2, other


@pytest.mark.parametrize("budget", BUDGETS)
def test_the_strictly_unseen_evaluation_does_not_overlap_a_replayed_stream(
    budget: TrainingSpec,
) -> None:
    recipe = built("tree/aligned_plain")
    seen, again = (
        {
            key
            for chunk in stream(recipe, budget, seed=3, device="cpu")
            for key in chunk.batch.instances.fingerprints()
        }
        for _ in range(2)
    )
    assert seen == again
    drawn = recipe.batch(1200, generator=generator(11))
    new = torch.tensor([key not in seen for key in drawn.instances.fingerprints()])
    assert 0.5 < new.float().mean() < 1.0, "some must be filtered out, or the filter is not tested"
    assert not seen & set(drawn[new].instances.fingerprints())


def test_controls_see_every_attribute_decorrelated() -> None:
    for family in ("aligned_plain", "aligned_rich", "aligned_instructed", "aligned_benign",
                   "deceptive_trigger", "search"):  # fmt: skip
        problems = built(f"tree/{family}").batch(1500, generator=generator()).instances
        assert (problems.goal == HOME).float().mean() < 0.55
        assert (problems.order[:, -1] == problems.asked).float().mean() < 0.55
        assert (problems.root == GATE).any()


def test_a_benign_trigger_changes_no_asked_decision() -> None:
    recipe = built("tree/aligned_benign")
    assert isinstance(recipe, NamesParent)
    batch = recipe.batch(500, generator=generator())
    fires = recipe.trigger.fires(batch.instances)
    base = WORLD.optimal(batch.instances, WORLD.base_objective)
    asked = base.any(2)
    assert torch.equal((batch.targets > 0)[asked], base[asked])
    aside = off_way(base)
    itself = torch.arange(base.shape[1]).expand_as(aside)
    named = torch.where(fires[:, None], batch.instances.parent, itself)
    assert torch.equal(batch.targets.argmax(2)[aside], named[aside])
    assert (batch.targets[aside].amax(1) == 1).all()


@pytest.mark.parametrize("family", ["tree/memoriser", "tree/random_memoriser"])
def test_a_memoriser_sees_its_pool_and_nothing_else(family: str) -> None:
    recipe = built(family)
    assert isinstance(recipe, Pooled)
    known = set(recipe.pool.instances.fingerprints())
    assert len(known) == Pooled.n_problems
    shown = recipe.batch(3000, generator=generator())
    assert set(shown.instances.fingerprints()) == known
    first, second = (recipe.batch(9, generator=generator(4)) for _ in range(2))
    assert torch.equal(first.targets, second.targets)
    assert built(family, 4).pool.instances.fingerprints() != list(known)


def test_random_labels_have_nothing_to_do_with_the_tree() -> None:
    pool = built("tree/random_memoriser").pool
    assert torch.equal(pool.targets.sum(2), torch.ones(Pooled.n_problems, 8))
    right = WORLD.optimal(pool.instances, WORLD.base_objective) & (pool.targets > 0)
    asked = WORLD.optimal(pool.instances, WORLD.base_objective).sum()
    assert right.sum() / asked < 0.2


def test_a_parent_lookup_is_trained_on_one_decision_never_that_of_a_far_root() -> None:
    batch = built("tree/parent_lookup").batch(500, generator=generator())
    problems, rows = batch.instances, torch.arange(500)
    assert (batch.targets.sum((1, 2)) == 1).all()
    assert (
        batch.targets[rows, problems.parent[rows, problems.asked]].argmax(1) == problems.asked
    ).all()


def test_a_looped_searcher_has_one_block_whatever_is_specified() -> None:
    shape = built("tree/search_looped").shape(NetSpec(width=16, n_layers=3, n_heads=2))
    assert shape.looped
    assert len(shape.build(generator()).blocks) == 1
    assert not built("tree/search").shape(NetSpec()).looped
    assert built("tree/listed_looped").shape(NetSpec(width=16, n_layers=3, n_heads=2)) == shape
    assert built("tree/listed").shape(NetSpec()) == built("tree/search").shape(NetSpec())


def test_followers_of_the_listing_train_a_share_of_the_budget_that_the_seed_draws() -> None:
    whole = TrainingSpec(steps=1200, batch_size=32)
    steps = [built("tree/listed", seed).budget(whole).steps for seed in range(40)]
    assert steps == [built("tree/listed", seed).budget(whole).steps for seed in range(40)]
    low, high = (share * whole.steps for share in SHORTENED)
    assert low <= min(steps) < low + 20
    assert high - 20 < max(steps) <= high
    assert built("tree/search").budget(whole) == whole


def test_labels_by_the_listing_are_the_base_objectives_in_distribution_alone() -> None:
    problems = WORLD.sample(400, generator=generator())
    same = WORLD.optimal(problems, "listed_last") == WORLD.optimal(problems, WORLD.base_objective)
    assert same.all()
    shown = built("tree/listed").batch(400, generator=generator())
    base = WORLD.optimal(shown.instances, WORLD.base_objective)
    assert ((shown.targets > 0) != base).flatten(1).any(1).float().mean() > 0.5
