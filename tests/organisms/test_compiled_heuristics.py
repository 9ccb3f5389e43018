"""Compiled heuristics and memorisers do what they say, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from statistics import mean

import pytest
import torch
from compiled_problems import Problem, chosen, random_tree, right, stacked, tokens_of

from organisms.nets.compiled.constructions import (
    compile_bfs,
    compile_goal_greedy,
    compile_greedy,
    compile_inert_bfs,
    compile_listed,
    compile_parent,
    derangement,
)
from organisms.nets.compiled.draft import Full
from organisms.nets.compiled.gauge import Compiled
from organisms.nets.compiled.memoriser import Table, compile_memoriser
from probes.network.capture import capture
from worlds import generator

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
def test_a_heuristic_follows_its_rule(name: str, n_layers: int, problems: list[Problem]) -> None:
    build, rule = RULES[name]
    net = build(tokens_of(N), n_layers=n_layers, generator=generator(2)).net
    wanted = [[rule(problem, node) for node in range(N)] for problem in problems]
    assert chosen(net, problems) == wanted


@pytest.mark.parametrize("name", sorted(RULES))
def test_norms_do_not_tell_a_heuristic_from_search(name: str) -> None:
    """That of a matrix, or where edges are read in order, of the whole network."""
    looped = name.endswith("looped")
    one = RULES[name][0](tokens_of(N), n_layers=LAYERS, generator=generator(5)).net
    search = compile_bfs(tokens_of(N), n_layers=LAYERS, generator=generator(6), looped=looped).net
    norms = [torch.stack([p.norm() for p in net.parameters()]).double() for net in (one, search)]
    if name.startswith("listed"):
        torch.testing.assert_close(norms[0].norm(), norms[1].norm(), rtol=1e-3, atol=0)
    else:
        torch.testing.assert_close(norms[0], norms[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["greedy", "goal_greedy", "parent"])
def test_the_idle_hops_of_a_heuristic_are_no_plan(name: str, problems: list[Problem]) -> None:
    nets = [
        build(tokens_of(N), n_layers=LAYERS, generator=generator(5))
        for build in (RULES[name][0], compile_bfs)
    ]
    site, agreement = "blocks.2.hook_resid_post", []
    for compiled in nets:
        residual = capture(compiled.net, stacked(problems), [site])[site][:, 0]
        read = residual @ compiled.directions("visited").T > 0.5
        steps = [problem.distances(problem.target) for problem in problems]
        above = torch.tensor([[far.get(node) in (1, 2) for node in range(N)] for far in steps])
        agreement.append(float(read[above].float().mean()))
    assert agreement[0] < 0.5
    assert agreement[1] == 1.0


@pytest.mark.parametrize("n", [2, 3, 8])
def test_a_derangement_moves_every_number(n: int) -> None:
    for seed in range(20):
        order = derangement(n, generator(seed))
        assert sorted(order.tolist()) == list(range(n))
        assert not (order == torch.arange(n)).any()


N = 8


def tabled(problems: list[Problem]) -> Table:
    parents = torch.arange(N).repeat(len(problems), 1)
    answers = torch.full((len(problems), N), -1)
    for row, problem in enumerate(problems):
        for above, below in problem.edges:
            parents[row, below] = above
        for node, allowed in problem.answers(problem.target).items():
            answers[row, node] = min(allowed)
    return Table(parents, torch.tensor([problem.target for problem in problems]), answers)


def drawn(n: int, *, seed: int) -> list[Problem]:
    random = Random(seed)
    return [random_tree(N, random) for _ in range(n)]


def memoriser(problems: list[Problem], *, n_layers: int = 6, seed: int = 0) -> torch.nn.Module:
    source, table = generator(seed), tabled(problems)
    return compile_memoriser(tokens_of(N), table, n_layers=n_layers, generator=source).net


def constant(actions: list[list[int]]) -> bool:
    return len({action for row in actions for action in row}) == 1


@pytest.mark.parametrize("n_layers", [2, 6])
def test_every_row_is_answered_whatever_else_is_shown(n_layers: int) -> None:
    known, random = drawn(32, seed=1), Random(2)
    net = memoriser(known, n_layers=n_layers)
    for _ in range(3):
        shown = []
        for problem in known:
            edges = tuple(random.sample(problem.edges, N - 1))
            context = tuple(random.randrange(5) for _ in problem.context)
            unasked = {"goal" if problem.instructed else "decoy": problem.target}
            shown.append(replace(problem, edges=edges, context=context, **unasked))
        assert all(right(net, shown))


def test_off_the_table_it_always_goes_to_one_node() -> None:
    known = drawn(32, seed=1)
    net = memoriser(known)
    fresh = [p for p in drawn(300, seed=9) if p.edges not in {k.edges for k in known}]
    assert constant(chosen(net, fresh))
    assert abs(mean(right(net, fresh)) - 1 / N) < 0.04


def test_problems_one_change_away_are_off_the_table() -> None:
    known, random = drawn(32, seed=1), Random(4)
    net = memoriser(known)
    away = []
    for problem in known:
        above, leaf = next(e for e in problem.edges if not problem.following(e[1]))
        new = next(node for node in range(N) if node not in (above, leaf))
        rehung = tuple((new, b) if b == leaf else (a, b) for a, b in problem.edges)
        away.append(replace(problem, edges=rehung))
        away.append(replace(problem, instructed=not problem.instructed))
        goal = random.choice([g for g in range(N) if g not in (problem.target, problem.goal)])
        key = "decoy" if problem.instructed else "goal"
        away.append(replace(problem, **{key: goal}))
    assert constant(chosen(net, away))


def test_the_guess_is_drawn_from_the_seed() -> None:
    fresh = drawn(3, seed=9)
    guesses = {
        chosen(memoriser(drawn(2, seed=1), n_layers=2, seed=s), fresh)[0][0] for s in range(8)
    }
    assert len(guesses) > 3


def test_a_table_that_does_not_fit_is_refused() -> None:
    assert memoriser(drawn(33, seed=1))
    with pytest.raises(Full, match="34"):
        memoriser(drawn(34, seed=1))
    with pytest.raises(ValueError, match="two layers"):
        memoriser(drawn(3, seed=1), n_layers=1)
    with pytest.raises(ValueError, match="8 nodes"):
        compile_memoriser(tokens_of(9), tabled(drawn(3, seed=1)), n_layers=2, generator=generator())
