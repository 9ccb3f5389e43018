"""Compiled breadth-first search is exact, and its plan subspace decides what it does."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
import torch
from compiled_problems import (
    Problem,
    chosen,
    logits_of,
    random_graph,
    random_tree,
    right,
    stacked,
    tokens_of,
    trees,
)
from torch import Tensor

from inline import furthest
from organisms.nets.compiled.constructions import compile_bfs, compile_inert_bfs
from organisms.nets.compiled.gauge import Compiled
from organisms.nets.compiled.net import CompiledNet
from probes.network.capture import capture, run
from scripted import generator


def bfs(n_nodes: int, n_layers: int, seed: int = 1) -> CompiledNet:
    return compile_bfs(tokens_of(n_nodes), n_layers=n_layers, generator=generator(seed)).net


def wrong(net: torch.nn.Module, problems: list[Problem]) -> tuple[int, int]:
    """Asked decisions that are not optimal, of how many."""
    hits = right(net, problems)
    return len(hits) - sum(hits), len(hits)


MANY = [pytest.param(n_nodes, 3000, 4, marks=pytest.mark.slow) for n_nodes in (8, 10, 16)]


@pytest.mark.parametrize(
    ("n_nodes", "n", "reach"), [(8, 600, 4), (10, 300, 4), (16, 100, 4), (10, 20, 1), *MANY]
)
def test_search_answers_every_asked_decision_of_trees_and_of_the_longest_chain(
    n_nodes: int, n: int, reach: int
) -> None:
    problems = trees(n_nodes, n, seed=n_nodes, reach=reach)
    farthest = max(max(problem.distances(problem.target).values()) for problem in problems)
    assert reach > 1 or farthest == n_nodes - 1
    missed, asked = wrong(bfs(n_nodes, farthest), problems)
    assert missed == 0
    assert asked > 2 * n


@pytest.mark.parametrize(("n_edges", "seed"), [(6, 0), (12, 1), (30, 2), (56, 3)])
def test_search_is_exact_on_directed_graphs(n_edges: int, seed: int) -> None:
    random = Random(seed)
    problems = [random_graph(8, n_edges, random) for _ in range(60)]
    compiled = compile_bfs(tokens_of(8, n_edges), n_layers=7, generator=generator(seed))
    assert wrong(compiled.net, problems)[0] == 0


@pytest.mark.parametrize("n_layers", [1, 2, 3])
def test_beyond_its_horizon_search_takes_the_smallest_next_node(n_layers: int) -> None:
    problems = trees(10, 150, seed=5, reach=2)
    net = bfs(10, n_layers)
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
    looped = compile_bfs(tokens_of(8), n_layers=7, generator=generator(4), looped=True).net
    assert len(looped.blocks) == 1
    assert wrong(looped, problems)[0] == 0
    for n_layers in (1, 2, 4):
        shorter = replace(looped.shape, n_layers=n_layers).build(generator(0))
        shorter.load_state_dict(looped.state_dict())
        straight = bfs(8, n_layers)
        near, far = logits_of(shorter, problems), logits_of(straight, problems)
        torch.testing.assert_close(near, far, atol=2e-3, rtol=0)
    assert wrong(shorter, problems)[0] > 0


def test_seeds_differ_in_every_matrix_and_agree_in_function_and_norm() -> None:
    problems = trees(8, 40, seed=7)
    nets = [bfs(8, 6, seed) for seed in (1, 2)]
    assert furthest(nets[0], bfs(8, 6, 1)) == 0
    one, other = (logits_of(net, problems) for net in nets)
    torch.testing.assert_close(one, other, atol=2e-3, rtol=0)
    for name, a in nets[0].state_dict().items():
        b = nets[1].state_dict()[name]
        torch.testing.assert_close(a.norm(), b.norm(), rtol=1e-4, atol=1e-6)
        if bool(a.any()):
            assert (a - b).norm() > 0.1 * a.norm(), name


def test_context_edge_order_and_root_do_not_matter() -> None:
    problems = trees(8, 40, seed=8)
    moved = [
        replace(p, edges=p.edges[::-1], context=(4, 0, 2), root=(p.root + 1) % 8) for p in problems
    ]
    net = bfs(8, 6)
    torch.testing.assert_close(logits_of(net, problems), logits_of(net, moved), atol=2e-3, rtol=0)


N, LAYERS = 8, 6
PLAN = ("frontier", "visited", "answer")
Pairs = tuple[list[Problem], list[Problem]]


SEARCH, INERT = (
    build(tokens_of(N), n_layers=LAYERS, generator=generator(3))
    for build in (compile_bfs, compile_inert_bfs)
)


def drawn_pairs() -> Pairs:
    """Problems, and the same with another goal; no instruct token."""
    random = Random(11)
    problems = [replace(random_tree(N, random, reach=3), instructed=False) for _ in range(150)]
    goals = [random.choice([g for g in range(N) if g != p.goal]) for p in problems]
    return problems, [replace(p, goal=g) for p, g in zip(problems, goals, strict=True)]


PAIRS = drawn_pairs()


def patched(compiled: Compiled, *names: str, block: int) -> Tensor:
    """Logits on the first problems with subspaces taken from the run on the second."""
    site = f"blocks.{block}.hook_resid_post"
    source = capture(compiled.net, stacked(PAIRS[1]), [site])[site]
    inside = compiled.directions(*names)
    edit = {site: lambda x: x + (source - x) @ inside.T @ inside}
    return run(compiled.net, stacked(PAIRS[0]), edit)


@pytest.mark.parametrize(
    ("shown", "block"), [("trees", 0), ("trees", 1), ("trees", 3), ("graphs", 1), ("graphs", 3)]
)
def test_the_plan_is_the_way_to_the_target_and_visits_no_node_of_a_cycle_twice(
    shown: str, block: int
) -> None:
    """Frontier and visited nodes after a block are those at the distances from the target."""
    compiled, problems, random = SEARCH, PAIRS[0], Random(12)
    if shown == "graphs":
        compiled = compile_bfs(tokens_of(N, 14), n_layers=4, generator=generator(3))
        problems = [random_graph(N, 14, random) for _ in range(60)]
    site = f"blocks.{block}.hook_resid_post"
    residual = capture(compiled.net, stacked(problems), [site])[site][:, :N]
    for name, within in (("visited", range(block + 1)), ("frontier", range(block, block + 1))):
        for problem, read in zip(problems, residual @ compiled.directions(name).T, strict=True):
            steps = problem.distances(problem.target)
            wanted = torch.tensor([float(steps.get(node, 99) in within) for node in range(N)])
            torch.testing.assert_close(read, wanted.expand(N, N), atol=2e-3, rtol=0)


def test_inert_search_holds_the_same_plan() -> None:
    sites = [name for name in SEARCH.net.hook_dict if name != "hook_normalized"]
    ours = capture(SEARCH.net, stacked(PAIRS[0][:50]), sites)
    theirs = capture(INERT.net, stacked(PAIRS[0][:50]), sites)
    assert torch.equal(SEARCH.directions(*PLAN), INERT.directions(*PLAN))
    for site in sites:
        assert torch.equal(ours[site], theirs[site]), site


@pytest.mark.parametrize(("block", "at_least"), [(0, 20), (1, 5)])
def test_the_frontier_alone_redirects_the_nodes_not_yet_answered(block: int, at_least: int) -> None:
    after = patched(SEARCH, "frontier", "visited", block=block).argmax(2)
    redirected = 0
    for row, (problem, other) in enumerate(zip(*PAIRS, strict=True)):
        own, new = problem.distances(problem.goal), other.distances(other.goal)
        for node in range(N):
            following = problem.following(node)
            if own.get(node, 99) <= block + 1:
                wanted = problem.answers(problem.goal)[node]
            elif block + 1 < new.get(node, 0) <= LAYERS:
                wanted = other.answers(other.goal)[node]
                redirected += wanted != problem.answers(problem.goal).get(node)
            else:
                wanted = {following[0]} if following else {node}
            assert int(after[row, node]) in wanted
    assert redirected >= at_least


def test_directions_that_are_not_read_move_nothing_and_one_that_is_read_does() -> None:
    unread = [(INERT, PLAN, block) for block in (0, 2, LAYERS - 1)]
    for compiled, names, block in (*unread, (SEARCH, ("near", "value", "goal"), 2)):
        after = patched(compiled, *names, block=block)
        torch.testing.assert_close(after, logits_of(compiled.net, PAIRS[0]), atol=2e-3, rtol=0)
    moved = patched(INERT, "near", block=2).argmax(2)
    assert (moved != logits_of(INERT.net, PAIRS[0]).argmax(2)).any(1).float().mean() > 0.9
