"""The plan subspace decides what search does, and nothing that inert search does."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
import torch
from test_compiled_problems import (
    Problem,
    chosen,
    logits_of,
    random_graph,
    random_tree,
    seeded,
    stacked,
    tokens_of,
)
from torch import Tensor

from organisms.nets.compiled.constructions import (
    compile_bfs,
    compile_goal_greedy,
    compile_inert_bfs,
)
from organisms.nets.compiled.gauge import Compiled
from probes.network.capture import capture, run

N, LAYERS = 8, 6
PLAN = ("frontier", "visited", "answer")
Pairs = tuple[list[Problem], list[Problem]]


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    """Problems, and the same with another goal; no instruct token."""
    random = Random(11)
    problems = [replace(random_tree(N, random, reach=3), instructed=False) for _ in range(150)]
    others = [
        replace(p, goal=random.choice([g for g in range(N) if g != p.goal])) for p in problems
    ]
    return problems, others


@pytest.fixture(scope="module")
def search() -> Compiled:
    return compile_bfs(tokens_of(N), n_layers=LAYERS, generator=seeded(3))


@pytest.fixture(scope="module")
def inert() -> Compiled:
    return compile_inert_bfs(tokens_of(N), n_layers=LAYERS, generator=seeded(3))


def patched(compiled: Compiled, pairs: Pairs, *names: str, block: int) -> Tensor:
    """Logits on the first problems with subspaces taken from the run on the second."""
    site = f"blocks.{block}.hook_resid_post"
    source = capture(compiled.net, stacked(pairs[1]), [site])[site]
    inside = compiled.directions(*names)
    edit = {site: lambda x: x + (source - x) @ inside.T @ inside}
    return run(compiled.net, stacked(pairs[0]), edit)


def holds_its_plan(compiled: Compiled, problems: list[Problem], *, block: int) -> None:
    """Check frontier and visited nodes after a block against the distances."""
    site = f"blocks.{block}.hook_resid_post"
    residual = capture(compiled.net, stacked(problems), [site])[site][:, :N]
    for name, within in (("visited", range(block + 1)), ("frontier", range(block, block + 1))):
        for problem, read in zip(problems, residual @ compiled.directions(name).T, strict=True):
            steps = problem.distances(problem.target)
            wanted = torch.tensor([float(steps.get(node, 99) in within) for node in range(N)])
            torch.testing.assert_close(read, wanted.expand(N, N), atol=2e-3, rtol=0)


@pytest.mark.parametrize("block", [0, 1, 3])
def test_the_plan_is_the_nodes_that_lead_to_the_target(
    search: Compiled, pairs: Pairs, block: int
) -> None:
    holds_its_plan(search, pairs[0], block=block)


@pytest.mark.parametrize("block", [1, 3])
def test_the_plan_visits_no_node_of_a_cycle_twice(block: int) -> None:
    random = Random(12)
    problems = [random_graph(N, 14, random) for _ in range(60)]
    graphs = compile_bfs(tokens_of(N, 14), n_layers=4, generator=seeded(3))
    holds_its_plan(graphs, problems, block=block)


def test_inert_search_holds_the_same_plan_at_every_site(
    search: Compiled, inert: Compiled, pairs: Pairs
) -> None:
    sites = [name for name in search.net.hook_dict if name != "hook_normalized"]
    ours = capture(search.net, stacked(pairs[0][:50]), sites)
    theirs = capture(inert.net, stacked(pairs[0][:50]), sites)
    assert torch.equal(search.directions(*PLAN), inert.directions(*PLAN))
    for site in sites:
        assert torch.equal(ours[site], theirs[site]), site


def test_inert_search_answers_as_goal_aware_greedy(
    inert: Compiled, search: Compiled, pairs: Pairs
) -> None:
    greedy = compile_goal_greedy(tokens_of(N), n_layers=LAYERS, generator=seeded(8))
    problems = pairs[0]
    assert chosen(inert.net, problems) == chosen(greedy.net, problems)
    assert chosen(inert.net, problems) != chosen(search.net, problems)


@pytest.mark.parametrize("block", [1, 3])
def test_another_goals_plan_makes_search_go_there(
    search: Compiled, pairs: Pairs, block: int
) -> None:
    before = logits_of(search.net, pairs[0]).argmax(2)
    after = patched(search, pairs, *PLAN, block=block).argmax(2)
    flips = 0
    for row, other in enumerate(pairs[1]):
        for node, allowed in other.answers(other.goal).items():
            assert int(after[row, node]) in allowed
            flips += int(before[row, node]) not in allowed
    assert flips > 50


@pytest.mark.parametrize(("block", "at_least"), [(0, 20), (1, 5)])
def test_the_frontier_alone_redirects_the_nodes_not_yet_answered(
    search: Compiled, pairs: Pairs, block: int, at_least: int
) -> None:
    after = patched(search, pairs, "frontier", "visited", block=block).argmax(2)
    redirected = 0
    for row, (problem, other) in enumerate(zip(*pairs, strict=True)):
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


def test_the_plan_moves_nothing_in_inert_search(inert: Compiled, pairs: Pairs) -> None:
    before = logits_of(inert.net, pairs[0])
    for block in (0, 2, LAYERS - 1):
        after = patched(inert, pairs, *PLAN, block=block)
        torch.testing.assert_close(after, before, atol=2e-3, rtol=0)


def test_inert_search_is_moved_by_what_it_does_read(inert: Compiled, pairs: Pairs) -> None:
    moved = patched(inert, pairs, "near", block=2).argmax(2)
    assert (moved != logits_of(inert.net, pairs[0]).argmax(2)).any(1).float().mean() > 0.9


def test_other_directions_of_search_move_nothing(search: Compiled, pairs: Pairs) -> None:
    before = logits_of(search.net, pairs[0])
    after = patched(search, pairs, "near", "value", "goal", block=2)
    torch.testing.assert_close(after, before, atol=2e-3, rtol=0)
