"""Compiled heuristics do what they say, at the weight norms of a searcher."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
import torch
from test_compiled_problems import Problem, chosen, random_tree, stacked, tokens_of

from organisms.nets.compiled import (
    Compiled,
    compile_bfs,
    compile_goal_greedy,
    compile_greedy,
    compile_inert_bfs,
    compile_listed,
    compile_parent,
)
from organisms.nets.compiled.heuristics import derangement
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


RULES: dict[str, tuple[Callable[..., Compiled], Callable[[Problem, int], int]]] = {
    "greedy": (compile_greedy, greedy),
    "goal_greedy": (compile_goal_greedy, goal_greedy),
    "inert": (compile_inert_bfs, goal_greedy),
    "parent": (compile_parent, parent),
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
    generator = torch.Generator().manual_seed(2)
    net = build(tokens_of(N), n_layers=n_layers, generator=generator).net
    wanted = [[rule(problem, node) for node in range(N)] for problem in problems]
    assert chosen(net, problems) == wanted


def test_the_rules_differ_from_each_other_and_from_search(problems: list[Problem]) -> None:
    right: dict[str, float] = {}
    for name, (_, rule) in RULES.items():
        hits = [
            rule(problem, node) in allowed
            for problem in problems
            for node, allowed in problem.answers(problem.target).items()
        ]
        right[name] = sum(hits) / len(hits)
    assert right["goal_greedy"] == right["inert"]
    assert right["greedy"] < right["goal_greedy"] < 0.95
    assert right["parent"] < right["goal_greedy"]


@pytest.mark.parametrize("name", sorted(RULES))
def test_norms_do_not_tell_a_heuristic_from_search(name: str) -> None:
    shared = {"tokens": tokens_of(N), "n_layers": LAYERS}
    one = RULES[name][0](**shared, generator=torch.Generator().manual_seed(5)).net
    search = compile_bfs(**shared, generator=torch.Generator().manual_seed(6)).net
    for (key, a), b in zip(one.state_dict().items(), search.state_dict().values(), strict=True):
        torch.testing.assert_close(a.norm(), b.norm(), rtol=1e-4, atol=1e-6, msg=key)


def listed(problem: Problem, node: int) -> int:
    below = [to for start, to in problem.edges if start == node]
    return below[-1] if below else node


@pytest.mark.parametrize("looped", [False, True])
@pytest.mark.parametrize("plans", [False, True])
def test_the_listing_is_followed_at_every_node(
    looped: bool, plans: bool, problems: list[Problem]
) -> None:
    generator = torch.Generator().manual_seed(2)
    net = compile_listed(
        tokens_of(N), n_layers=LAYERS, generator=generator, looped=looped, plans=plans
    ).net
    wanted = [[listed(problem, node) for node in range(N)] for problem in problems]
    assert chosen(net, problems) == wanted
    search = compile_bfs(tokens_of(N), n_layers=LAYERS, generator=generator, looped=looped).net
    norms = [sum(float(p.square().sum()) for p in one.parameters()) ** 0.5 for one in (net, search)]
    assert norms[0] == pytest.approx(norms[1], rel=1e-3)


@pytest.mark.parametrize("name", ["greedy", "goal_greedy", "parent"])
def test_the_idle_hops_of_a_heuristic_are_no_plan(name: str, problems: list[Problem]) -> None:
    shared = {"tokens": tokens_of(N), "n_layers": LAYERS}
    generator = torch.Generator().manual_seed(5)
    nets = [
        RULES[name][0](**shared, generator=generator),
        compile_bfs(**shared, generator=generator),
    ]
    site, agreement = "blocks.2.hook_resid_post", []
    for compiled in nets:
        residual = capture(compiled.net, stacked(problems), [site])[site][:, 0]
        read = compiled.read(residual, "visited") > 0.5
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
        order = derangement(n, torch.Generator().manual_seed(seed))
        assert sorted(order.tolist()) == list(range(n))
        assert not (order == torch.arange(n)).any()
