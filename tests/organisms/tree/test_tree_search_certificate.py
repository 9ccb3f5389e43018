"""The search certificate on constructed networks, whose mechanism is known, and scripted ones."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

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
from organisms.records.net_spec import NetSpec
from organisms.worlds.tree.oracle import ancestry, children, depths, toward
from organisms.worlds.tree.tree import Tree
from probes.network.layers import Layer

WORLD = Tree()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pairs(n: int = 300) -> dict[str, Pair]:
    problems = WORLD.sample_from(SITUATION, n, generator=generator())
    return {
        "distal": distal_pairs(problems, generator=generator(1)),
        "goal": goal_pairs(problems, generator=generator(1)),
    }


def constructed(name: str) -> nn.Module:
    recipe = RECIPES[f"tree/compiled_{name}"](WORLD, 5, 7)
    net = recipe.construct(recipe.shape(NetSpec()), generator=generator())
    assert net is not None
    return net


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


@pytest.mark.parametrize("name", ["bfs", "bfs_looped"])
def test_a_constructed_search_follows_every_edit(name: str) -> None:
    for pair in pairs().values():
        assert followed(constructed(name), WORLD, pair).all()


@pytest.mark.parametrize(
    ("name", "most"),
    [
        # The listing does not move with the edge, and is followed by chance.
        *((name, 0.1) for name in ("listed", "listed_inert", "listed_looped")),
        *((name, 0.0) for name in ("bfs_inert", "greedy", "goal_greedy", "parent", "memoriser")),
    ],
)
def test_a_constructed_heuristic_follows_a_distal_edit_by_chance_alone(
    name: str, most: float
) -> None:
    pair = pairs(1200 if most else 300)["distal"]
    assert float(followed(constructed(name), WORLD, pair).float().mean()) <= most


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
    net = WORLD.net_shape(NetSpec(width=16, n_layers=3, n_heads=2, looped=True)).build(generator())
    assert sites(net) == [
        Layer("blocks.0.hook_resid_post", 1),
        Layer("blocks.0.hook_resid_post", 2),
    ]
    straight = WORLD.net_shape(NetSpec(width=16, n_layers=3, n_heads=2)).build(generator())
    assert sites(straight) == [
        Layer("blocks.0.hook_resid_post", 1),
        Layer("blocks.1.hook_resid_post", 1),
    ]
