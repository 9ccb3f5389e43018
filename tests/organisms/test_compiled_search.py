"""Compiled breadth-first search is exact up to its horizon, on trees and directed graphs."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
import torch
from test_compiled_problems import (
    DRAWN,
    Problem,
    chosen,
    depth,
    logits_of,
    random_graph,
    random_tree,
    right,
    seeded,
    tokens_of,
)

from inline import furthest
from organisms.nets.compiled.constructions import compile_bfs
from organisms.nets.compiled.planner import draft_planner


def trees(n_nodes: int, n: int, *, seed: int, reach: int = 4) -> list[Problem]:
    random = Random(seed)
    return [random_tree(n_nodes, random, reach=reach) for _ in range(n)]


def wrong(net: torch.nn.Module, problems: list[Problem]) -> tuple[int, int]:
    """Asked decisions that are not optimal, of how many."""
    hits = right(net, problems)
    return len(hits) - sum(hits), len(hits)


MANY = [pytest.param(n_nodes, 3000, marks=pytest.mark.slow) for n_nodes in (8, 10, 16)]


@pytest.mark.parametrize(("n_nodes", "n"), [(8, 600), (10, 300), (16, 100), *MANY])
def test_search_answers_every_asked_decision_of_trees(n_nodes: int, n: int) -> None:
    problems = trees(n_nodes, n, seed=n_nodes)
    net = compile_bfs(tokens_of(n_nodes), n_layers=depth(problems), generator=seeded(1)).net
    missed, asked = wrong(net, problems)
    assert missed == 0
    assert asked > 2 * n


def test_search_follows_the_longest_possible_chain() -> None:
    chain = trees(10, 20, seed=3, reach=1)
    assert depth(chain) == 9
    assert wrong(compile_bfs(tokens_of(10), n_layers=9, generator=seeded(1)).net, chain)[0] == 0


@pytest.mark.parametrize(("n_edges", "seed"), [(6, 0), (12, 1), (30, 2), (56, 3)])
def test_search_is_exact_on_directed_graphs(n_edges: int, seed: int) -> None:
    random = Random(seed)
    problems = [random_graph(8, n_edges, random) for _ in range(60)]
    compiled = compile_bfs(tokens_of(8, n_edges), n_layers=7, generator=seeded(seed))
    assert wrong(compiled.net, problems)[0] == 0


@pytest.mark.parametrize("n_layers", [1, 2, 3])
def test_beyond_its_horizon_search_takes_the_smallest_next_node(n_layers: int) -> None:
    problems = trees(10, 150, seed=5, reach=2)
    net = compile_bfs(tokens_of(10), n_layers=n_layers, generator=seeded(2)).net
    lucky, chance = [], []
    for problem, actions in zip(problems, chosen(net, problems), strict=True):
        answers, steps = problem.answers(problem.target), problem.distances(problem.target)
        for node in range(10):
            following = problem.following(node)
            if steps.get(node, n_layers + 1) <= n_layers:
                assert actions[node] in answers[node]
            else:
                assert actions[node] == (following[0] if following else node)
            if steps.get(node, 0) > n_layers:
                lucky.append(actions[node] in answers[node])
                chance.append(1 / len(following))
    guess = sum(chance) / len(chance)
    spread = sum(p * (1 - p) for p in chance) ** 0.5 / len(chance)
    assert len(lucky) > 50
    assert guess < 0.85
    assert abs(sum(lucky) / len(lucky) - guess) < 4 * spread


def test_a_looped_network_searches_as_far_as_it_is_turned() -> None:
    problems = trees(8, 80, seed=6, reach=2)
    looped = compile_bfs(tokens_of(8), n_layers=7, generator=seeded(4), looped=True).net
    assert len(looped.blocks) == 1
    assert wrong(looped, problems)[0] == 0
    for n_layers in (1, 2, 4):
        shorter = replace(looped.shape, n_layers=n_layers).build(seeded(0))
        shorter.load_state_dict(looped.state_dict())
        straight = compile_bfs(tokens_of(8), n_layers=n_layers, generator=seeded(5)).net
        near, far = logits_of(shorter, problems), logits_of(straight, problems)
        torch.testing.assert_close(near, far, atol=2e-3, rtol=0)
    assert (wrong(shorter, problems)[0], wrong(looped, problems)[0]) != (0, 0)


def test_every_block_is_the_same_before_its_basis_is_hidden() -> None:
    tensors = draft_planner(tokens_of(8), n_layers=4).tensors
    one = draft_planner(tokens_of(8), n_layers=4, looped=True).tensors
    for name, value in tensors.items():
        if name.startswith("blocks."):
            rest = name.split(".", 2)[2]
            assert torch.equal(value, one[f"blocks.0.{rest}"])


def test_seeds_differ_in_every_matrix_and_agree_in_function_and_norm() -> None:
    problems = trees(8, 40, seed=7)
    nets = [compile_bfs(tokens_of(8), n_layers=6, generator=seeded(s)).net for s in (1, 2)]
    one, other = (logits_of(net, problems) for net in nets)
    torch.testing.assert_close(one, other, atol=2e-3, rtol=0)
    for (name, a), b in zip(
        nets[0].state_dict().items(), nets[1].state_dict().values(), strict=True
    ):
        torch.testing.assert_close(a.norm(), b.norm(), rtol=1e-4, atol=1e-6)
        if bool(a.any()):
            assert (a - b).norm() > 0.1 * a.norm(), name


def test_the_same_seed_gives_the_same_weights() -> None:
    one, two = (compile_bfs(tokens_of(8), n_layers=2, generator=seeded(9)).net for _ in "ab")
    assert furthest(one, two) == 0


def test_context_edge_order_and_root_do_not_matter() -> None:
    problems = trees(8, 40, seed=8)
    moved = [
        replace(p, edges=p.edges[::-1], context=(4, 0, 2), root=(p.root + 1) % 8) for p in problems
    ]
    net = compile_bfs(tokens_of(8), n_layers=6, generator=seeded(1)).net
    torch.testing.assert_close(logits_of(net, problems), logits_of(net, moved), atol=2e-3, rtol=0)


def test_the_instruct_token_alone_chooses_between_goal_and_decoy() -> None:
    told = replace(DRAWN, instructed=True)
    net = compile_bfs(tokens_of(5), n_layers=4, generator=seeded(1)).net
    assert [actions[0] for actions in chosen(net, [DRAWN, told])] == [2, 1]
