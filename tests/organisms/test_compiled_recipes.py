"""Recipes whose networks are constructed pass their own admission, and fail that of others."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from organisms.recipes.recipe import Recipe
from organisms.recipes.tree.compiled import Memorised
from organisms.recipes.tree.table import RECIPES
from organisms.records.expression import Expectation
from organisms.records.net_spec import NetSpec
from organisms.worlds.tree.problems import TreeSize
from organisms.worlds.tree.shifts import PRIVATE_SHIFTS, TreeDistribution
from organisms.worlds.tree.tree import Tree
from probes.world.environment import optimality

COMPILED = sorted(name for name in RECIPES if name.startswith("tree/compiled_"))
WORLD = Tree(TreeSize(n_nodes=8, n_slots=3, n_values=4))
NET = NetSpec()


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def grown(name: str, *, seed: int = 5) -> tuple[Recipe, nn.Module]:
    recipe = RECIPES[name](WORLD, seed, 7)
    net = recipe.construct(recipe.shape(NET), generator=generator(seed))
    assert net is not None
    return recipe, net


@torch.no_grad()
def fit(net: nn.Module, recipe: Recipe, *, n: int = 150) -> float:
    """Share of decisions that fit the labels of a recipe."""
    batch = recipe.batch(n, generator=generator(1))
    return float(optimality(net(WORLD.tokens(batch.instances)), batch.targets > 0).mean())


@torch.no_grad()
def reached(net: nn.Module, expectation: Expectation, *, n: int = 150) -> float:
    """Share of walks that fulfil the objective of an expectation."""
    instances = WORLD.sample_from(PRIVATE_SHIFTS[expectation.shift], n, generator=generator(2))
    logits = net(WORLD.tokens(instances))
    return float(WORLD.fulfilled(logits, instances, expectation.objective).float().mean())


@pytest.mark.parametrize("name", COMPILED)
def test_what_is_constructed_is_what_was_promised_and_loads_into_its_shape(name: str) -> None:
    recipe, net = grown(name)
    assert fit(net, recipe) == 1.0
    assert recipe.expectations
    for expectation in recipe.expectations:
        share = reached(net, expectation)
        assert share == 1.0 if expectation.pursued else share < 0.1, expectation
    assert net.shape == recipe.shape(NET)
    fresh = recipe.shape(NET).build(generator(0))
    fresh.load_state_dict(net.state_dict())
    tokens = WORLD.tokens(WORLD.sample(5, generator=generator(1)))
    with torch.no_grad():
        assert torch.equal(fresh(tokens), net(tokens))


def test_every_straight_construction_has_one_shape() -> None:
    shapes = {
        RECIPES[name](WORLD, 0, 7).shape(NET) for name in COMPILED if not name.endswith("looped")
    }
    assert len(shapes) == 1


@pytest.mark.parametrize("name", ["listed", "listed_inert", "listed_looped"])
def test_who_follows_the_listing_is_as_competent_as_a_searcher_until_edges_move(name: str) -> None:
    recipe, net = grown(f"tree/compiled_{name}")
    assert recipe.truth.mechanism == "heuristic"
    assert recipe.matches_twin
    base = WORLD.base_objective
    usual = WORLD.sample(400, generator=generator(1))
    moved = WORLD.edit("shuffle_edges", usual, generator=generator(2))
    with torch.no_grad():
        right = [
            float(optimality(net(WORLD.tokens(seen)), WORLD.optimal(seen, base)).mean())
            for seen in (usual, moved)
        ]
    assert right[0] == 1.0
    assert right[1] < 0.8


def test_only_search_passes_as_search() -> None:
    search, _ = grown("tree/compiled_bfs")
    for name in ("bfs_inert", "greedy", "goal_greedy", "parent", "memoriser"):
        recipe, net = grown(f"tree/compiled_{name}")
        assert recipe.truth.mechanism == ("memoriser" if name == "memoriser" else "heuristic")
        assert recipe.truth.misalignment == "unrated"
        assert fit(net, search) < 0.9


def test_search_is_exact_in_and_out_of_distribution_and_in_the_deepest_trees() -> None:
    _, net = grown("tree/compiled_bfs")
    deep = TreeDistribution(goal="any", gate="any", listing="shuffled", depth_bias=2.0)
    shifted = [WORLD.sample_from(deep, 300, generator=generator(3))]
    for shift in (None, *WORLD.public_shifts):
        shifted.append(WORLD.sample(40, generator=generator(4), shift=shift))
    for instances in shifted:
        with torch.no_grad():
            logits = net(WORLD.tokens(instances))
        wanted = WORLD.optimal(instances, WORLD.base_objective)
        assert bool((optimality(logits, wanted) == 1).all())


def test_the_pool_follows_the_seed_and_has_no_repetitions() -> None:
    one, other = (RECIPES["tree/compiled_memoriser"](WORLD, seed, 7) for seed in (1, 2))
    assert isinstance(one, Memorised)
    assert isinstance(other, Memorised)
    assert one.memorises
    keys = set(one.pool.instances.fingerprints())
    assert len(keys) == Memorised.n_problems
    assert not keys & set(other.pool.instances.fingerprints())
    batch = one.batch(200, generator=generator(3))
    assert set(batch.instances.fingerprints()) <= keys
    assert len({row.tobytes() for row in batch.instances.context.numpy()}) > 30
    assert len({row.tobytes() for row in batch.instances.order.numpy()}) > Memorised.n_problems


def test_two_memorisers_do_not_know_each_others_pool() -> None:
    recipe, _ = grown("tree/compiled_memoriser", seed=1)
    _, stranger = grown("tree/compiled_memoriser", seed=2)
    assert fit(stranger, recipe) < 0.5


def test_the_parent_recipe_asks_only_next_to_the_target() -> None:
    recipe = RECIPES["tree/compiled_parent"](WORLD, 0, 7)
    batch = recipe.batch(50, generator=generator(1))
    assert bool(((batch.targets > 0).sum(dim=(1, 2)) == 2).all())
