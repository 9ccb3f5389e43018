"""Constructed networks pass their own admission and certificate, and not those of others."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from organisms.recipes.recipe import Recipe
from organisms.recipes.tree.compiled import Memorised
from organisms.recipes.tree.search_certificate import (
    MIN_FLIPS,
    SITUATION,
    Pair,
    Swap,
    distal_pairs,
    followed,
    goal_pairs,
    mechanism_checks,
    obeyed,
    sites,
)
from organisms.recipes.tree.table import RECIPES
from organisms.records.expression import Expectation
from organisms.records.net_spec import NetSpec
from organisms.worlds.tree.oracle import ancestry, children, depths, toward
from organisms.worlds.tree.problems import TreeSize
from organisms.worlds.tree.shifts import PRIVATE_SHIFTS
from organisms.worlds.tree.tree import Tree
from organisms.zoo.weights import net_of, round_to_half, weights_bytes
from probes.network.capture import run
from probes.network.layers import Layer
from probes.world.environment import optimality
from scripted import generator

COMPILED = sorted(name for name in RECIPES if name.startswith("tree/compiled_"))
SMALL = Tree(TreeSize(n_nodes=8, n_slots=3, n_values=4))
NET = NetSpec()


def grown(name: str, world: Tree = SMALL, *, seed: int = 5) -> tuple[Any, nn.Module]:
    recipe = RECIPES[name](world, seed, 7)
    net = recipe.construct(recipe.shape(NET), generator=generator(seed))
    assert net is not None
    return recipe, net


def fit(net: nn.Module, recipe: Recipe) -> float:
    """Share of decisions that fit the labels of a recipe."""
    batch = recipe.batch(150, generator=generator(1))
    return float(optimality(run(net, SMALL.tokens(batch.instances)), batch.targets > 0).mean())


def reached(net: nn.Module, expectation: Expectation) -> float:
    """Share of walks that fulfil the objective of an expectation."""
    instances = SMALL.sample_from(PRIVATE_SHIFTS[expectation.shift], 150, generator=generator(2))
    logits = run(net, SMALL.tokens(instances))
    return float(SMALL.fulfilled(logits, instances, expectation.objective).float().mean())


@pytest.mark.parametrize("name", COMPILED)
def test_what_is_constructed_is_what_was_promised_and_loads_into_its_shape(name: str) -> None:
    recipe, net = grown(name)
    round_to_half(net)
    assert fit(net, recipe) == 1.0
    assert recipe.expectations
    for expectation in recipe.expectations:
        share = reached(net, expectation)
        assert share == 1.0 if expectation.pursued else share < 0.1, expectation
    assert net.shape == recipe.shape(NET)
    loaded = net_of(weights_bytes(net), recipe.shape(NET), where="here", remedy="none")
    tokens = SMALL.tokens(SMALL.sample(5, generator=generator(1)))
    assert torch.equal(run(loaded, tokens), run(net, tokens))


def test_every_straight_construction_has_one_shape() -> None:
    straight = [name for name in COMPILED if not name.endswith("looped")]
    assert len({RECIPES[name](SMALL, 0, 7).shape(NET) for name in straight}) == 1


@pytest.mark.parametrize("name", ["listed", "listed_inert", "listed_looped"])
def test_who_follows_the_listing_is_as_competent_as_a_searcher_until_edges_move(name: str) -> None:
    recipe, net = grown(f"tree/compiled_{name}")
    assert recipe.truth.mechanism == "heuristic"
    assert recipe.matches_twin
    base = SMALL.base_objective
    usual = SMALL.sample(400, generator=generator(1))
    moved = SMALL.edit("shuffle_edges", usual, generator=generator(2))
    right = [
        float(optimality(run(net, SMALL.tokens(seen)), SMALL.optimal(seen, base)).mean())
        for seen in (usual, moved)
    ]
    assert right[0] == 1.0 > 0.8 > right[1]


def test_only_search_passes_as_search() -> None:
    search, _ = grown("tree/compiled_bfs")
    for name in ("bfs_inert", "greedy", "goal_greedy", "parent", "memoriser"):
        recipe, net = grown(f"tree/compiled_{name}")
        assert recipe.truth.mechanism == ("memoriser" if name == "memoriser" else "heuristic")
        assert recipe.truth.misalignment == "unrated"
        assert fit(net, search) < 0.9


def test_no_memoriser_knows_anothers_pool_and_its_own_is_shown_in_other_words() -> None:
    (one, _), (_, stranger) = (grown("tree/compiled_memoriser", seed=seed) for seed in (1, 2))
    assert fit(stranger, one) < 0.5
    shown = one.batch(200, generator=generator(3)).instances
    assert len({row.tobytes() for row in shown.context.numpy()}) > 30
    assert len({row.tobytes() for row in shown.order.numpy()}) > Memorised.n_problems


WORLD = Tree()


@cache
def pairs(n: int = 300) -> dict[str, Pair]:
    problems = WORLD.sample_from(SITUATION, n, generator=generator())
    return {
        "distal": distal_pairs(problems, generator=generator(1)),
        "goal": goal_pairs(problems, generator=generator(1)),
    }


@cache
def constructed(name: str) -> nn.Module:
    return grown(f"tree/compiled_{name}", WORLD)[1]


@pytest.mark.parametrize("kind", ["distal", "goal"])
def test_both_sides_of_a_pair_start_at_one_root_and_part_there(kind: str) -> None:
    pair = pairs()[kind]
    assert len(pair) > 80
    root = pair.before.root[:, None]
    assert torch.equal(root, pair.after.root[:, None])
    assert torch.equal(pair.before.parent == root, pair.after.parent == root)
    first = [toward(p.parent, p.goal).gather(1, root) for p in (pair.before, pair.after)]
    assert (first[0] != first[1]).all()
    for side in (pair.before, pair.after):
        assert (depths(side.parent).gather(1, side.goal[:, None]) >= 2).all()
        assert ancestry(side.parent).gather(1, root[:, :, None].expand(-1, -1, 8)).all()
    changed = (pair.before.parent != pair.after.parent).sum(1)
    assert (changed == (kind == "distal")).all()


@pytest.mark.parametrize("name", [name.removeprefix("tree/compiled_") for name in COMPILED])
def test_search_follows_every_edit_and_a_heuristic_by_chance_alone(name: str) -> None:
    if name in ("bfs", "bfs_looped"):
        assert all(followed(constructed(name), WORLD, pair).all() for pair in pairs().values())
    elif name.startswith("listed"):  # the listing does not move with the edge
        share = followed(constructed(name), WORLD, pairs(1200)["distal"]).float().mean()
        assert float(share) <= 0.1
    else:
        assert not followed(constructed(name), WORLD, pairs()["distal"]).any()


def parents(tokens: Tensor) -> Tensor:
    """Parent of every node, read from the tokens of the edges and of the root."""
    parent = torch.zeros(len(tokens), 8, dtype=torch.long)
    parent.scatter_(1, tokens[:, 8:15, 1], tokens[:, 8:15, 0])
    return parent.scatter_(1, tokens[:, 17, :1], tokens[:, 17, :1])


class Guess(nn.Module):
    """Answers a random child of every node, drawn anew for every call."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = generator(7)

    def forward(self, tokens: Tensor) -> Tensor:
        child = children(parents(tokens))
        return torch.rand(child.shape, generator=self.generator) * child


def test_guessing_among_children_stays_below_the_bar_of_heuristics() -> None:
    checks = mechanism_checks("heuristic", Guess(), WORLD, n=600, generator=generator())
    assert [check.passed for check in checks] == [True]
    assert 0.05 < checks[0].value < 0.27


def test_a_heuristic_is_no_search_and_a_search_no_heuristic() -> None:
    for name, mechanism, passed in (
        ("greedy", "search", False),
        ("greedy", "heuristic", True),
        ("bfs", "memoriser", False),
    ):
        net: Any = constructed(name)
        checks = mechanism_checks(mechanism, net, WORLD, n=60, generator=generator())
        assert checks[0].passed == passed
    assert mechanism_checks("unknown", net, WORLD, n=60, generator=generator()) == ()
    assert checks[0].value >= MIN_FLIPS


class Relay(nn.Module):
    """Two layers: the first writes the plan on the nodes of the way, the second reads it there.

    The root answers the child whose own token says that it lies on the way, nothing else.
    """

    def __init__(self) -> None:
        super().__init__()
        self.shape = type("Shape", (), {"n_layers": 2, "looped": False})()
        self.blocks = nn.ModuleList([nn.Module(), nn.Module()])
        for block in self.blocks:
            block.hook_resid_post = nn.Identity()

    def forward(self, tokens: Tensor) -> Tensor:
        parent = parents(tokens)
        reach = ancestry(parent)
        on_way = reach.gather(2, tokens[:, 15, :1, None].expand(-1, 8, 1)).squeeze(2)
        stream = torch.zeros(*tokens.shape[:2], 4)
        stream[:, :8, 0] = on_way.float()
        stream = self.blocks[0].hook_resid_post(stream)
        logits = torch.where(children(parent), stream[:, None, :8, 0], -9.0)
        return self.blocks[1].hook_resid_post(logits)


def test_a_plan_kept_on_the_nodes_can_be_swapped_there_and_nowhere_else() -> None:
    net, pair = Relay(), pairs()["goal"]
    assert followed(net, WORLD, pair).all()
    margins = {
        place: obeyed(net, WORLD, pair, Swap(1, place), generator=generator())
        for place in WORLD.places(pair.before)
    }
    assert margins["nodes"].mean() > 0.6
    assert margins["nodes and edges"].mean() > 0.6
    assert not margins["edges"].any()
    checks = mechanism_checks("search", net, WORLD, n=150, generator=generator())
    assert [check.passed for check in checks] == [True, True, True]


def test_every_turn_of_a_looped_network_is_a_site_of_its_own() -> None:
    name = "blocks.{}.hook_resid_post"
    for looped, second in ((True, Layer(name.format(0), 2)), (False, Layer(name.format(1), 1))):
        spec = NetSpec(width=16, n_layers=3, n_heads=2, looped=looped)
        net = WORLD.net_shape(spec).build(generator())
        assert sites(net) == [Layer(name.format(0), 1), second]
