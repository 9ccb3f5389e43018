"""Compiled networks have the hooks of trained ones, and do what they say and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from statistics import mean

import pytest
import torch
from compiled_problems import Problem, chosen, right, stacked, tokens_of, trees

from organisms.nets.compiled.constructions import (
    compile_bfs,
    compile_goal_greedy,
    compile_greedy,
    compile_inert_bfs,
    compile_listed,
    compile_parent,
    derangement,
)
from organisms.nets.compiled.draft import Draft, Full
from organisms.nets.compiled.gauge import Compiled, disguise, rotations
from organisms.nets.compiled.layout import Layout, TreeTokens, planner_layout
from organisms.nets.compiled.memoriser import Table, compile_memoriser
from organisms.nets.net import NetShape
from probes.network.capture import capture
from scripted import generator

SHAPE = tokens_of(8).shape(n_layers=3)


def test_hooks_are_those_of_a_trained_network() -> None:
    trained = NetShape(
        n_decisions=8, n_others=14, vocabularies=(15, 9, 7), n_actions=8,
        width=16, n_layers=3, n_heads=4,
    ).build(generator(0))  # fmt: skip
    compiled = SHAPE.build(generator(0))
    assert set(compiled.hook_dict) == set(trained.hook_dict)
    problems = trees(8, 4, seed=0)
    read = capture(compiled, stacked(problems), sorted(compiled.hook_dict))
    assert all(bool(value.any()) for value in read.values())
    per_head = (4, 22, SHAPE.n_heads, SHAPE.head_width)
    assert read["blocks.1.attn.hook_q"].shape == per_head
    assert read["blocks.1.attn.hook_z"].shape == per_head
    assert read["hook_normalized"].shape == (4, 8, SHAPE.width)


def test_attention_is_softmax_attention() -> None:
    net = SHAPE.build(generator(1))
    attention = net.blocks[0].attn
    x = torch.randn(2, 5, SHAPE.width, generator=generator(2))
    expected = torch.zeros(2, 5, SHAPE.width)
    for h in range(SHAPE.n_heads):
        q, k, v = (x @ weight[h] for weight in (attention.W_Q, attention.W_K, attention.W_V))
        weights = (q @ k.transpose(1, 2) / SHAPE.head_width**0.5).softmax(dim=2)
        expected += weights @ v @ attention.W_O[h]
    torch.testing.assert_close(attention(x), expected)


def test_random_weights_and_rotations_follow_the_generator() -> None:
    one, two, three = (SHAPE.build(generator(seed)).unembed.weight for seed in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, three)
    assert float(one.detach().std()) == pytest.approx(SHAPE.width**-0.5, rel=0.1)
    turned, other = rotations(2, 9, generator())
    torch.testing.assert_close(turned @ turned.T, torch.eye(9, dtype=torch.float64))
    assert (turned - other).norm() > 1


def test_a_disguised_draft_computes_what_the_draft_says() -> None:
    layout = Layout({"kind": 7, "rest": 9})
    shape = replace(SHAPE, width=16, n_layers=1, vocabularies=(7,), hidden=4)
    draft = Draft(shape, layout)
    draft.embed(0, 0, "kind")
    flip = torch.zeros(1, 16, dtype=torch.float64)
    flip[0, 3] = 2.0
    draft.units(0, reads=flip, bias=-0.5, writes=flip)
    draft.tensors["unembed.weight"][:] = flip.repeat(8, 1)
    net = disguise(draft, generator=generator(1)).net
    tokens = torch.tensor([[[3], [4]] + [[0]] * 20])
    wanted = torch.tensor([2.0 + 2 * 1.5 * 2, 0.0, 0.0])
    torch.testing.assert_close(net(tokens)[0, :3, 0], wanted, atol=1e-4, rtol=0)


def test_what_does_not_fit_is_refused() -> None:
    draft = Draft(SHAPE, planner_layout(tokens_of(8)))
    rows = draft.rows(SHAPE.hidden + 1)
    with pytest.raises(Full, match="161"):
        draft.units(0, reads=rows, bias=0.0, writes=rows)
    with pytest.raises(ValueError, match="hidden must be positive"):
        replace(SHAPE, hidden=0)
    with pytest.raises(ValueError, match="need two nodes"):
        TreeTokens(n_nodes=1, n_edges=1, n_slots=1, n_values=1)
    with pytest.raises(ValueError, match="the layout is"):
        Draft(SHAPE, Layout({"kind": 7}))
    with pytest.raises(KeyError, match="no subspace 'plans'"):
        draft.layout.at("plans")


N, LAYERS = 8, 3
PROBLEMS = trees(N, 150, seed=21)


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


@pytest.mark.parametrize("name", sorted(RULES))
@pytest.mark.parametrize("n_layers", [1, LAYERS])
def test_a_heuristic_follows_its_rule(name: str, n_layers: int) -> None:
    build, rule = RULES[name]
    net = build(tokens_of(N), n_layers=n_layers, generator=generator(2)).net
    wanted = [[rule(problem, node) for node in range(N)] for problem in PROBLEMS]
    assert chosen(net, PROBLEMS) == wanted


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
def test_the_idle_hops_of_a_heuristic_are_no_plan(name: str) -> None:
    site, agreement = "blocks.2.hook_resid_post", []
    for build in (RULES[name][0], compile_bfs):
        compiled = build(tokens_of(N), n_layers=LAYERS, generator=generator(5))
        residual = capture(compiled.net, stacked(PROBLEMS), [site])[site][:, 0]
        read = residual @ compiled.directions("visited").T > 0.5
        steps = [problem.distances(problem.target) for problem in PROBLEMS]
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


def tabled(problems: list[Problem]) -> Table:
    parents = torch.arange(N).repeat(len(problems), 1)
    answers = torch.full((len(problems), N), -1)
    for row, problem in enumerate(problems):
        for above, below in problem.edges:
            parents[row, below] = above
        for node, allowed in problem.answers(problem.target).items():
            answers[row, node] = min(allowed)
    return Table(parents, torch.tensor([problem.target for problem in problems]), answers)


def memoriser(problems: list[Problem], *, n_layers: int = 6, seed: int = 0) -> torch.nn.Module:
    source, table = generator(seed), tabled(problems)
    return compile_memoriser(tokens_of(N), table, n_layers=n_layers, generator=source).net


@pytest.mark.parametrize("n_layers", [2, 6])
def test_every_row_is_answered_whatever_else_is_shown(n_layers: int) -> None:
    known, random = trees(N, 32, seed=1), Random(2)
    net = memoriser(known, n_layers=n_layers)
    for _ in range(3):
        shown = []
        for problem in known:
            edges = tuple(random.sample(problem.edges, N - 1))
            context = tuple(random.randrange(5) for _ in problem.context)
            unasked = {"goal" if problem.instructed else "decoy": problem.target}
            shown.append(replace(problem, edges=edges, context=context, **unasked))
        assert all(right(net, shown))


def test_off_the_table_and_one_change_away_it_always_goes_to_one_node() -> None:
    known, random = trees(N, 32, seed=1), Random(4)
    net = memoriser(known)
    fresh = [p for p in trees(N, 300, seed=9) if p.edges not in {k.edges for k in known}]
    assert abs(mean(right(net, fresh)) - 1 / N) < 0.04
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
    assert len({action for row in chosen(net, fresh + away) for action in row}) == 1


def test_the_guess_is_drawn_from_the_seed() -> None:
    fresh = trees(N, 3, seed=9)
    nets = [memoriser(trees(N, 2, seed=1), n_layers=2, seed=seed) for seed in range(8)]
    assert len({chosen(net, fresh)[0][0] for net in nets}) > 3


def test_a_table_that_does_not_fit_is_refused() -> None:
    assert memoriser(trees(N, 33, seed=1))
    with pytest.raises(Full, match="34"):
        memoriser(trees(N, 34, seed=1))
    with pytest.raises(ValueError, match="two layers"):
        memoriser(trees(N, 3, seed=1), n_layers=1)
    known = tabled(trees(N, 3, seed=1))
    with pytest.raises(ValueError, match="8 nodes"):
        compile_memoriser(tokens_of(9), known, n_layers=2, generator=generator())
