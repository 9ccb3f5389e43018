"""Interventions on compiled search do what its construction predicts; erasure, what is proved."""

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from organisms.nets.compiled.constructions import compile_bfs, compile_inert_bfs
from organisms.nets.compiled.planner import CHOSEN
from organisms.recipes.tree.compiled import tree_tokens
from organisms.worlds.tree.problems import TreeSize
from organisms.worlds.tree.tree import Tree
from probes.causal.erase import Eraser, fit_erasers
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
from scripted import generator

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it compiles with torch.jit.script, which torch deprecates
    from concept_erasure import LeaceFitter


ROWS, DIMENSIONS = 600, 12


def drawn(n_classes: int, *, rank: int = DIMENSIONS) -> tuple[Tensor, Tensor]:
    """Correlated rows of a given rank, class means apart; class 0 is twice as common as others."""
    labels = torch.arange(ROWS) % (n_classes + 1) % n_classes
    mixing = torch.randn(rank, DIMENSIONS, generator=generator(1), dtype=torch.float64)
    centres = torch.randn(n_classes, rank, generator=generator(2), dtype=torch.float64)
    noise = torch.randn(ROWS, rank, generator=generator(3), dtype=torch.float64)
    return (centres[labels] + noise) @ mixing + 5, labels


def eraser_of(rows: Tensor, labels: Tensor) -> Eraser:
    blocks = Features.given({"site": rows}).blocks("site")
    targets = Targets.of({"concept": labels})
    (eraser,) = fit_erasers(*training_moments(blocks, targets, Folds.untested(len(rows))))
    return eraser


def read_from(rows: Tensor, labels: Tensor) -> float:
    """Accuracy of scikit-learn's logistic probe on the rows that it was fitted on."""
    probe = LogisticRegression(C=1e3, solver="newton-cholesky").fit(rows, labels)
    return float(probe.score(rows, labels))


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("rank", [DIMENSIONS, 7])
def test_equals_the_package_of_its_authors(n_classes: int, rank: int) -> None:
    rows, labels = drawn(n_classes, rank=rank)
    one_hot = torch.nn.functional.one_hot(labels).double()
    theirs = LeaceFitter.fit(
        rows, one_hot, shrinkage=False, constrain_cov_trace=False, svd_tol=1e-9
    ).eraser
    ours = eraser_of(rows, labels)
    torch.testing.assert_close(ours(rows), theirs(rows), atol=1e-8, rtol=0)
    torch.testing.assert_close(
        torch.eye(DIMENSIONS) - ours.left @ ours.right, theirs.P, check_dtype=False
    )
    assert ours.rank == n_classes - 1


@pytest.mark.parametrize("n_classes", [2, 4])
def test_no_linear_probe_beats_the_largest_class(n_classes: int) -> None:
    rows, labels = drawn(n_classes)
    erased = eraser_of(rows, labels)(rows)
    means = torch.stack([erased[labels == c].mean(dim=0) for c in range(n_classes)])
    torch.testing.assert_close(means, rows.mean(dim=0).expand_as(means))
    assert read_from(rows, labels) > 0.75
    assert read_from(erased, labels) == pytest.approx(2 / (n_classes + 1), abs=0.01)


def test_moves_activations_less_than_any_other_projection_that_erases() -> None:
    rows, labels = drawn(2)
    centred = rows - rows.mean(dim=0)
    gap = rows[labels == 1].mean(dim=0) - rows[labels == 0].mean(dim=0)
    least = (eraser_of(rows, labels)(rows) - rows).square().sum()
    for seed in range(20):
        # x - gap (v x) / (v gap) erases for every v; v = gap is the orthogonal projection
        reading = torch.randn(DIMENSIONS, generator=generator(seed), dtype=torch.float64)
        for v in (gap, gap + 0.1 * reading, reading):
            moved = (centred @ v / (v @ gap))[:, None] * gap
            assert moved.square().sum() >= least - 1e-6


def test_another_concept_stays() -> None:
    rows, labels = drawn(2)
    kept = (torch.arange(ROWS) // 2) % 2
    direction = torch.randn(DIMENSIONS, generator=generator(8), dtype=torch.float64)
    rows = rows + 4 * kept[:, None] * direction
    assert read_from(eraser_of(rows, labels)(rows), kept) > 0.95


def test_rows_keep_their_precision() -> None:
    rows, labels = drawn(2)
    eraser = eraser_of(rows, labels)
    assert eraser(rows.float()).dtype == torch.float32
    torch.testing.assert_close(eraser(rows.float()).double(), eraser(rows), atol=1e-3, rtol=0)


def test_one_row_is_refused() -> None:
    rows, labels = drawn(2)
    assert eraser_of(rows[:2], labels[:2]).rank == 1
    single = Targets(("c",), labels[:1, None, None], (2,))
    blocks = Features.given({"site": rows[:1]}).blocks("site")
    with pytest.raises(ValueError, match="two rows"):
        fit_erasers(*training_moments(blocks, single, Folds.untested(1)))


N, LAYERS = 8, 6
WORLD = Tree(TreeSize(n_nodes=N))
PLAN = ("frontier", "visited", "answer")
EARLY, LAST = "blocks.1.hook_resid_post", f"blocks.{LAYERS - 1}.hook_resid_post"


SEARCH = compile_bfs(tree_tokens(WORLD), n_layers=LAYERS, generator=generator(3))
NET = SEARCH.net
DRAWN = WORLD.sample(120, generator=generator(1))
PROBLEMS = replace(DRAWN, instructed=torch.zeros_like(DRAWN.instructed))
AWAY = torch.randint(1, N, PROBLEMS.goal.shape, generator=generator(2))
OTHER_GOALS = replace(PROBLEMS, goal=(PROBLEMS.goal + AWAY) % N)
"""The same trees with any other node for a goal."""
TOKENS = WORLD.tokens(PROBLEMS)
BEFORE = run(NET, TOKENS)
WIDTH = NET.shape.width
ANSWERS = Where(directions=SEARCH.directions("answer"))


def test_swapping_the_plan_makes_search_go_to_the_other_goal() -> None:
    where = Where(directions=SEARCH.directions(*PLAN))
    with swapped(NET, WORLD.tokens(OTHER_GOALS), [EARLY], where=where):
        after = run(NET, TOKENS).argmax(dim=2)
    optimal = WORLD.optimal(OTHER_GOALS, "goal")
    asked, answers = optimal.any(dim=2), optimal.int().argmax(dim=2)
    assert torch.equal(after[asked], answers[asked])
    assert (BEFORE.argmax(dim=2)[asked] != answers[asked]).sum() > 50


def test_swapping_the_plan_moves_nothing_in_inert_search() -> None:
    inert = compile_inert_bfs(tree_tokens(WORLD), n_layers=LAYERS, generator=generator(3))
    where = Where(directions=inert.directions(*PLAN))
    with swapped(inert.net, WORLD.tokens(OTHER_GOALS), [EARLY], where=where):
        after = run(inert.net, TOKENS)
    torch.testing.assert_close(after, run(inert.net, TOKENS), atol=2e-3, rtol=0)


def test_patching_all_of_the_last_site_gives_the_logits_of_the_donors() -> None:
    others = WORLD.tokens(WORLD.sample(len(PROBLEMS), generator=generator(5)))
    donor, wanted = read_sites(NET, others, [LAST]), run(NET, others)
    with patched(NET, donor):
        assert torch.equal(run(NET, TOKENS), wanted)
    with patched(NET, donor, where=Where(positions=(0, 2))):
        after = run(NET, TOKENS)
    assert torch.equal(after[:, [0, 2]], wanted[:, [0, 2]])
    assert torch.equal(after[:, 3:], BEFORE[:, 3:])
    with patched(NET, {LAST: donor[LAST][:1]}):
        assert torch.equal(run(NET, TOKENS)[9], wanted[0])


@pytest.mark.parametrize("node", [0, 5])
def test_steering_along_an_answer_takes_every_walker_there(node: int) -> None:
    direction = SEARCH.directions("answer")[node]
    with steered(NET, {LAST: direction}, strength=3.0):
        after = run(NET, TOKENS)
    assert bool((after.argmax(dim=2) == node).all())
    wanted = torch.zeros(N)
    wanted[node] = 3 * CHOSEN
    torch.testing.assert_close(after - BEFORE, wanted.expand_as(BEFORE), atol=2e-3, rtol=0)
    with steered(NET, {LAST: direction}, strength=3.0, positions=(1,)):
        only = run(NET, TOKENS)
    assert torch.equal(only[:, 2:], BEFORE[:, 2:])
    assert torch.equal(only[:, 1], after[:, 1])


def test_without_its_answers_search_falls_back_to_the_smallest_child() -> None:
    with ablated(NET, [LAST], where=ANSWERS):
        after = run(NET, TOKENS).argmax(dim=2)
    for row, parents in enumerate(PROBLEMS.parent.tolist()):
        for node in range(N):
            children = [child for child in range(N) if parents[child] == node and child != node]
            assert int(after[row, node]) == min(children, default=node)
    with ablated(NET, [LAST]):
        assert torch.equal(run(NET, TOKENS), torch.zeros(len(PROBLEMS), N, N))


def test_mean_ablation_leaves_the_mean_answer() -> None:
    residual = read_sites(NET, TOKENS, [LAST])[LAST]
    mean = residual.mean(dim=(0, 1))
    with ablated(NET, [LAST], means={LAST: mean}, where=ANSWERS):
        after = run(NET, TOKENS)
    answers = residual @ SEARCH.directions("answer").T
    moved = CHOSEN * (answers.mean(dim=(0, 1)) - answers)[:, :N]
    torch.testing.assert_close(after - BEFORE, moved, atol=5e-3, rtol=0)
    assert moved.abs().max() > 1


def test_noise_in_the_answers_has_the_predicted_size() -> None:
    with noised(NET, [LAST], scale=0.1, generator=generator(4), where=ANSWERS):
        moved = run(NET, TOKENS) - BEFORE
    # each logit gets 0.1 x CHOSEN x a standard normal; 7,680 of them
    assert moved.std().item() == pytest.approx(0.1 * CHOSEN, rel=0.05)
    idle = Where(directions=SEARCH.directions("near", "value"))
    with noised(NET, [LAST], scale=0.1, generator=generator(4), where=idle):
        torch.testing.assert_close(run(NET, TOKENS), BEFORE, atol=2e-3, rtol=0)


def test_erasing_the_answers_makes_all_walkers_at_a_node_agree_on_average() -> None:
    """The readout is linear: without class means the mean logits of all classes are equal."""
    node = 3
    labels = BEFORE.argmax(dim=2)[:, node]
    eraser = eraser_of(read_sites(NET, TOKENS, [LAST])[LAST][:, node], labels)
    with edited(NET, {LAST: eraser}):
        after = run(NET, TOKENS)[:, node]
    apart, means = (
        torch.stack([logits[labels == label].mean(dim=0) for label in labels.unique()])
        for logits in (BEFORE[:, node], after)
    )
    torch.testing.assert_close(means, means[:1].expand_as(means), atol=2e-2, rtol=0)
    assert (apart - apart[:1]).abs().max() > 1


CONTEXTS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "patched": lambda: patched(NET, {LAST: torch.ones(1, TOKENS.shape[1], WIDTH)}),
    "swapped": lambda: swapped(NET, TOKENS.flip(0), [LAST]),
    "steered": lambda: steered(NET, {LAST: torch.ones(WIDTH)}),
    "ablated": lambda: ablated(NET, [LAST]),
    "noised": lambda: noised(NET, [LAST], scale=1.0, generator=generator()),
}


@pytest.mark.parametrize("name", CONTEXTS)
def test_hooks_are_removed_even_after_an_exception_and_must_have_run(name: str) -> None:
    def changes_then_fails() -> None:
        with CONTEXTS[name]():
            assert not torch.equal(run(NET, TOKENS), BEFORE)
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        changes_then_fails()
    with pytest.raises(UnknownSite, match="did not run"), CONTEXTS[name]():
        pass
    assert not any(module._forward_hooks for module in NET.modules())
    assert torch.equal(run(NET, TOKENS), BEFORE)


def test_what_does_not_fit_is_refused() -> None:
    donor = read_sites(NET, TOKENS[:7], [LAST])
    for word, context in (
        ("batch", patched(NET, donor)),
        ("wide", steered(NET, {LAST: torch.ones(3)})),
        ("not among", ablated(NET, [LAST], where=Where(positions=(99,)))),
        ("nothing", steered(NET, {LAST: torch.zeros(WIDTH)})),
        ("positive", noised(NET, [LAST], scale=0.0, generator=generator())),
    ):
        with pytest.raises(InterventionError, match=word), context:
            NET(TOKENS)
    with pytest.raises(InterventionError, match="orthonormal"):
        Where(directions=torch.ones(2, 5))
    assert not any(module._forward_hooks for module in NET.modules())
