"""Compiled heuristics do what they say, at the weight norms of a searcher."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from statistics import mean

import pytest
import torch
from test_compiled_problems import Problem, chosen, random_tree, seeded, stacked, tokens_of

from organisms.nets.compiled.constructions import (
    compile_bfs,
    compile_goal_greedy,
    compile_greedy,
    compile_inert_bfs,
    compile_listed,
    compile_parent,
    derangement,
)
from organisms.nets.compiled.gauge import Compiled
from probes.network.capture import capture

N, LAYERS = 8, 3


def greedy(problem: Problem, node: int) -> int:
    following = problem.following(node)
    return following[0] if following else node


def goal_greedy(problem: Problem, node: int) -> int:
    near = {node, *problem.following(node)}
    return problem.target if problem.target in near else greedy(problem, node)


def parent(problem: Problem, node: int) -> int:
    return problem.target if problem.target in problem.following(node) else node


def listed(problem: Problem, node: int) -> int:
    below = [to for start, to in problem.edges if start == node]
    return below[-1] if below else node


RULES: dict[str, tuple[Callable[..., Compiled], Callable[[Problem, int], int]]] = {
    "greedy": (compile_greedy, greedy),
    "goal_greedy": (compile_goal_greedy, goal_greedy),
    "inert": (compile_inert_bfs, goal_greedy),
    "parent": (compile_parent, parent),
    "listed": (compile_listed, listed),
    "listed_inert": (partial(compile_listed, plans=True), listed),
    "listed_looped": (partial(compile_listed, looped=True), listed),
    "listed_inert_looped": (partial(compile_listed, plans=True, looped=True), listed),
}


@pytest.fixture(scope="module")
def problems() -> list[Problem]:
    random = Random(21)
    return [random_tree(N, random) for _ in range(150)]


@pytest.mark.parametrize("name", sorted(RULES))
@pytest.mark.parametrize("n_layers", [1, LAYERS])
def test_a_heuristic_follows_its_rule_at_every_node(
    name: str, n_layers: int, problems: list[Problem]
) -> None:
    build, rule = RULES[name]
    net = build(tokens_of(N), n_layers=n_layers, generator=seeded(2)).net
    wanted = [[rule(problem, node) for node in range(N)] for problem in problems]
    assert chosen(net, problems) == wanted


def test_the_rules_differ_from_each_other_and_from_search(problems: list[Problem]) -> None:
    right = {
        name: mean(
            rule(problem, node) in allowed
            for problem in problems
            for node, allowed in problem.answers(problem.target).items()
        )
        for name, (_, rule) in RULES.items()
    }
    assert right["goal_greedy"] == right["inert"]
    assert right["greedy"] < right["goal_greedy"] < 0.95
    assert right["parent"] < right["goal_greedy"]


@pytest.mark.parametrize("name", sorted(RULES))
def test_norms_do_not_tell_a_heuristic_from_search(name: str) -> None:
    """That of a matrix, or where edges are read in order, of the whole network."""
    looped = name.endswith("looped")
    one = RULES[name][0](tokens_of(N), n_layers=LAYERS, generator=seeded(5)).net
    search = compile_bfs(tokens_of(N), n_layers=LAYERS, generator=seeded(6), looped=looped).net
    norms = [torch.stack([p.norm() for p in net.parameters()]).double() for net in (one, search)]
    if name.startswith("listed"):
        torch.testing.assert_close(norms[0].norm(), norms[1].norm(), rtol=1e-3, atol=0)
    else:
        torch.testing.assert_close(norms[0], norms[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["greedy", "goal_greedy", "parent"])
def test_the_idle_hops_of_a_heuristic_are_no_plan(name: str, problems: list[Problem]) -> None:
    nets = [
        build(tokens_of(N), n_layers=LAYERS, generator=seeded(5))
        for build in (RULES[name][0], compile_bfs)
    ]
    site, agreement = "blocks.2.hook_resid_post", []
    for compiled in nets:
        residual = capture(compiled.net, stacked(problems), [site])[site][:, 0]
        read = residual @ compiled.directions("visited").T > 0.5
        above = torch.tensor(
            [
                [problem.distances(problem.target).get(node, 99) in (1, 2) for node in range(N)]
                for problem in problems
            ]
        )
        agreement.append(float(read[above].float().mean()))
    assert agreement[0] < 0.5
    assert agreement[1] == 1.0


@pytest.mark.parametrize("n", [2, 3, 8])
def test_a_derangement_moves_every_number(n: int) -> None:
    for seed in range(20):
        order = derangement(n, seeded(seed))
        assert sorted(order.tolist()) == list(range(n))
        assert not (order == torch.arange(n)).any()
