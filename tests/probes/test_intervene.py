"""Interventions change what compiled search outputs exactly as its construction predicts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from organisms.nets.compiled.constructions import compile_bfs, compile_inert_bfs
from organisms.nets.compiled.gauge import Compiled
from organisms.nets.compiled.planner import CHOSEN
from organisms.recipes.tree.compiled import tree_tokens
from organisms.worlds.tree.problems import TreeProblems, TreeSize
from organisms.worlds.tree.tree import Tree
from probes.causal.erase import fit_erasers
from probes.causal.intervene import (
    InterventionError,
    Where,
    ablated,
    noised,
    patched,
    steered,
    swapped,
)
from probes.linear.features import Features
from probes.linear.folds import Folds
from probes.linear.moments import training_moments
from probes.linear.rows import Targets
from probes.network.capture import UnknownSite, edited, read_sites, run

N, LAYERS = 8, 6
WORLD = Tree(TreeSize(n_nodes=N))
PLAN = ("frontier", "visited", "answer")
EARLY, LAST = "blocks.1.hook_resid_post", f"blocks.{LAYERS - 1}.hook_resid_post"


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def search() -> Compiled:
    return compile_bfs(tree_tokens(WORLD), n_layers=LAYERS, generator=seeded(3))


@pytest.fixture(scope="module")
def problems() -> TreeProblems:
    drawn = WORLD.sample(120, generator=seeded(1))
    return replace(drawn, instructed=torch.zeros_like(drawn.instructed))


def elsewhere(problems: TreeProblems) -> TreeProblems:
    """The same trees with any other node for a goal."""
    away = torch.randint(1, N, problems.goal.shape, generator=seeded(2))
    return replace(problems, goal=(problems.goal + away) % N)


def asked(problems: TreeProblems) -> tuple[Tensor, Tensor]:
    """Which nodes have an answer, and the one that it is."""
    optimal = WORLD.optimal(problems, "goal")
    return optimal.any(dim=2), optimal.int().argmax(dim=2)


def plain(compiled: Compiled, problems: TreeProblems) -> Tensor:
    return run(compiled.net, WORLD.tokens(problems))


def test_swapping_the_plan_makes_search_go_to_the_other_goal(
    search: Compiled, problems: TreeProblems
) -> None:
    other = elsewhere(problems)
    where = Where(directions=search.directions(*PLAN))
    with swapped(search.net, WORLD.tokens(other), [EARLY], where=where):
        after = plain(search, problems).argmax(dim=2)
    counts, answers = asked(other)
    assert torch.equal(after[counts], answers[counts])
    assert (plain(search, problems).argmax(dim=2)[counts] != answers[counts]).sum() > 50


def test_swapping_the_plan_moves_nothing_in_inert_search(problems: TreeProblems) -> None:
    inert = compile_inert_bfs(tree_tokens(WORLD), n_layers=LAYERS, generator=seeded(3))
    where = Where(directions=inert.directions(*PLAN))
    with swapped(inert.net, WORLD.tokens(elsewhere(problems)), [EARLY], where=where):
        after = plain(inert, problems)
    torch.testing.assert_close(after, plain(inert, problems), atol=2e-3, rtol=0)


def test_patching_all_of_the_last_site_gives_the_logits_of_the_donors(
    search: Compiled, problems: TreeProblems
) -> None:
    other = WORLD.sample(len(problems), generator=seeded(5))
    donor = read_sites(search.net, WORLD.tokens(other), [LAST])
    with patched(search.net, donor):
        assert torch.equal(plain(search, problems), plain(search, other))
    with patched(search.net, donor, where=Where(positions=(0, 2))):
        after = plain(search, problems)
    assert torch.equal(after[:, [0, 2]], plain(search, other)[:, [0, 2]])
    assert torch.equal(after[:, 3:], plain(search, problems)[:, 3:])
    with patched(search.net, {LAST: donor[LAST][:1]}):
        assert torch.equal(plain(search, problems)[9], plain(search, other)[0])


@pytest.mark.parametrize("node", [0, 5])
def test_steering_along_an_answer_takes_every_walker_there(
    search: Compiled, problems: TreeProblems, node: int
) -> None:
    direction = search.directions("answer")[node]
    before = plain(search, problems)
    with steered(search.net, {LAST: direction}, strength=3.0):
        after = plain(search, problems)
    assert bool((after.argmax(dim=2) == node).all())
    wanted = torch.zeros(N)
    wanted[node] = 3 * CHOSEN
    torch.testing.assert_close(after - before, wanted.expand_as(before), atol=2e-3, rtol=0)
    with steered(search.net, {LAST: direction}, strength=3.0, positions=(1,)):
        only = plain(search, problems)
    assert torch.equal(only[:, 2:], before[:, 2:])
    assert torch.equal(only[:, 1], after[:, 1])


def test_without_its_answers_search_falls_back_to_the_smallest_child(
    search: Compiled, problems: TreeProblems
) -> None:
    with ablated(search.net, [LAST], where=Where(directions=search.directions("answer"))):
        after = plain(search, problems).argmax(dim=2)
    for row, parents in enumerate(problems.parent.tolist()):
        for node in range(N):
            children = [child for child in range(N) if parents[child] == node and child != node]
            assert int(after[row, node]) == min(children, default=node)
    with ablated(search.net, [LAST]):
        assert torch.equal(plain(search, problems), torch.zeros(len(problems), N, N))


def test_mean_ablation_leaves_the_mean_answer(search: Compiled, problems: TreeProblems) -> None:
    residual = read_sites(search.net, WORLD.tokens(problems), [LAST])[LAST]
    mean = residual.mean(dim=(0, 1))
    with ablated(
        search.net,
        [LAST],
        means={LAST: mean},
        where=Where(directions=search.directions("answer")),
    ):
        after = plain(search, problems)
    answers = residual @ search.directions("answer").T
    moved = CHOSEN * (answers.mean(dim=(0, 1)) - answers)[:, :N]
    torch.testing.assert_close(after - plain(search, problems), moved, atol=5e-3, rtol=0)
    assert moved.abs().max() > 1


def test_noise_in_the_answers_has_the_predicted_size(
    search: Compiled, problems: TreeProblems
) -> None:
    before = plain(search, problems)
    where = Where(directions=search.directions("answer"))
    with noised(search.net, [LAST], scale=0.1, generator=seeded(4), where=where):
        moved = plain(search, problems) - before
    # each logit gets 0.1 x CHOSEN x a standard normal; 7,680 of them
    assert moved.std().item() == pytest.approx(0.1 * CHOSEN, rel=0.05)
    idle = Where(directions=search.directions("near", "value"))
    with noised(search.net, [LAST], scale=0.1, generator=seeded(4), where=idle):
        torch.testing.assert_close(plain(search, problems), before, atol=2e-3, rtol=0)


def test_erasing_the_answers_makes_all_walkers_at_a_node_agree_on_average(
    search: Compiled, problems: TreeProblems
) -> None:
    """The readout is linear: without class means the mean logits of all classes are equal."""
    tokens, node = WORLD.tokens(problems), 3
    features = Features.of_network(search.net, tokens, [LAST])
    labels = plain(search, problems).argmax(dim=2)[:, node]
    targets = Targets.of({"answer": labels})
    (moments,) = training_moments(features.blocks(LAST), targets, Folds.untested(len(problems)))
    eraser = fit_erasers(moments)[node]
    with edited(search.net, {LAST: eraser}):
        after = plain(search, problems)[:, node]
    means = torch.stack([after[labels == label].mean(dim=0) for label in labels.unique()])
    torch.testing.assert_close(means, means[:1].expand_as(means), atol=2e-2, rtol=0)
    before = plain(search, problems)[:, node]
    apart = torch.stack([before[labels == label].mean(dim=0) for label in labels.unique()])
    assert (apart - apart[:1]).abs().max() > 1


CONTEXTS: dict[str, Callable[[nn.Module, Tensor], AbstractContextManager[None]]] = {
    "patched": lambda net, x: patched(net, {LAST: torch.ones(1, x.shape[1], net.shape.width)}),
    "swapped": lambda net, x: swapped(net, x.flip(0), [LAST]),
    "steered": lambda net, x: steered(net, {LAST: torch.ones(net.shape.width)}),
    "ablated": lambda net, x: ablated(net, [LAST]),
    "noised": lambda net, x: noised(net, [LAST], scale=1.0, generator=seeded(0)),
}


@pytest.mark.parametrize("name", CONTEXTS)
def test_hooks_are_removed_even_after_an_exception_and_must_have_run(
    search: Compiled, problems: TreeProblems, name: str
) -> None:
    tokens = WORLD.tokens(problems)
    before = plain(search, problems)

    def changes_then_fails() -> None:
        with CONTEXTS[name](search.net, tokens):
            assert not torch.equal(plain(search, problems), before)
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        changes_then_fails()
    with pytest.raises(UnknownSite, match="did not run"), CONTEXTS[name](search.net, tokens):
        pass
    assert not any(module._forward_hooks for module in search.net.modules())
    assert torch.equal(plain(search, problems), before)


def test_what_does_not_fit_is_refused(search: Compiled, problems: TreeProblems) -> None:
    tokens = WORLD.tokens(problems)
    donor = read_sites(search.net, tokens[:7], [LAST])
    short = ablated(search.net, [LAST], where=Where(positions=(99,)))
    for message, context in (
        ("this very batch", patched(search.net, donor)),
        ("wide", steered(search.net, {LAST: torch.ones(3)})),
        ("not among", short),
        ("change nothing", steered(search.net, {LAST: torch.zeros(106)})),
        ("positive scale", noised(search.net, [LAST], scale=0.0, generator=seeded(0))),
    ):
        with pytest.raises(InterventionError, match=message), context:
            search.net(tokens)
    with pytest.raises(InterventionError, match="orthonormal"):
        Where(directions=torch.ones(2, 5))
    assert not any(module._forward_hooks for module in search.net.modules())
