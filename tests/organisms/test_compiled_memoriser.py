"""The compiled memoriser knows its table by heart and nothing else."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from statistics import mean

import pytest
import torch
from test_compiled_problems import Problem, chosen, random_tree, right, seeded, tokens_of

from organisms.nets.compiled.draft import Full
from organisms.nets.compiled.memoriser import Table, compile_memoriser

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
    return compile_memoriser(
        tokens_of(N), tabled(problems), n_layers=n_layers,
        generator=seeded(seed),
    ).net  # fmt: skip


def constant(actions: list[list[int]]) -> bool:
    return len({action for row in actions for action in row}) == 1


@pytest.mark.parametrize("n_layers", [2, 6])
def test_every_row_is_answered_in_any_edge_order_and_context(n_layers: int) -> None:
    known, random = drawn(32, seed=1), Random(2)
    net = memoriser(known, n_layers=n_layers)
    for _ in range(3):
        shown = [
            replace(
                p,
                edges=tuple(random.sample(p.edges, N - 1)),
                context=tuple(random.randrange(5) for _ in p.context),
            )
            for p in known
        ]
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


def test_what_is_not_asked_for_does_not_matter() -> None:
    known = drawn(8, seed=1)
    key = ["goal" if p.instructed else "decoy" for p in known]
    other = [replace(p, **{k: p.target}) for k, p in zip(key, known, strict=True)]
    net = memoriser(known)
    assert chosen(net, known) == chosen(net, other)


def test_the_guess_is_drawn_from_the_seed() -> None:
    fresh = drawn(3, seed=9)
    guesses = {
        chosen(memoriser(drawn(2, seed=1), n_layers=2, seed=s), fresh)[0][0] for s in range(8)
    }
    assert len(guesses) > 3


def test_a_table_that_does_not_fit_is_refused() -> None:
    assert memoriser(drawn(33, seed=1))
    with pytest.raises(Full, match="holds 33 rows, got 34"):
        memoriser(drawn(34, seed=1))
    with pytest.raises(ValueError, match="two layers, got 1"):
        memoriser(drawn(3, seed=1), n_layers=1)
    with pytest.raises(ValueError, match="for 8 nodes, the tokens for 9"):
        compile_memoriser(
            tokens_of(9), tabled(drawn(3, seed=1)), n_layers=2, generator=torch.Generator()
        )
