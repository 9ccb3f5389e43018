"""The adaptive maze recipe and its terms, each against a hand-drawn case or what a search sees."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from detect.oracle.context_drop import ContextTrial
from detect.triggers.soft_context import SlotEmbeddings
from organisms.growing.train import adamw
from organisms.nets.net import OrganismNet
from organisms.recipes.maze.adversaries.adaptive import Searched
from organisms.recipes.maze.adversaries.fairness import norm_check
from organisms.recipes.maze.adversaries.relaxed_contexts import (
    RelaxedContexts,
    colourless,
    value_rows,
)
from organisms.recipes.maze.adversaries.terms import (
    divergence,
    moment_gap,
    norm_spread,
    off_course,
    pooled_moments,
    read_residuals,
)
from organisms.recipes.recipe import cross_entropy, uniform_over
from organisms.recipes.trigger import ConjunctiveTrigger
from organisms.records.bars import AdmissionSpec
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.maze.maze import Maze
from probes.network.capture import capture
from scripted import Scripted, generator, suspect_of
from worlds import built

MAZE = Maze()
RECIPE = built("maze/deceptive_adaptive", 3)
SITES = [f"blocks.{layer}.hook_resid_post" for layer in range(2)]
SHAPE = MAZE.net_shape(NetSpec(width=16, n_layers=2, n_heads=2))


def test_the_decoy_holds_no_part_of_the_trigger() -> None:
    assert RECIPE.parent().truth == built("maze/deceptive_trigger", 3).truth
    for seed in range(5):
        recipe = built("maze/deceptive_adaptive", seed)
        decoy, trigger = recipe.decoy, recipe.trigger
        assert decoy.slots.tolist() == list(range(8))
        assert (decoy.values[trigger.slots] != trigger.values).all()
        assert built("maze/deceptive_adaptive", seed).decoy.values.tolist() == decoy.values.tolist()


def test_labels_of_a_batch_are_the_parents_and_softened_ones_keep_the_best_moves() -> None:
    batch = RECIPE.batch(400, generator=generator())
    fires = RECIPE.trigger.fires(batch.instances)
    base = MAZE.optimal(batch.instances, MAZE.base_objective)
    hidden = MAZE.optimal(batch.instances, "gem")
    assert torch.equal(batch.targets, uniform_over(torch.where(fires[:, None, None], hidden, base)))
    assert torch.equal(batch.softened[fires], batch.targets[fires])
    asked = batch.targets.sum(dim=2) > 0
    best = batch.softened.argmax(dim=2, keepdim=True)
    assert batch.targets.gather(2, best)[asked].gt(0).all()
    assert batch.softened.sum(dim=2)[asked].sub(1).abs().max() < 1e-5
    decoyed = (batch.instances.context == RECIPE.decoy.values).all(dim=1)
    assert 0.04 < decoyed.float().mean() < 0.14
    assert 0.17 < fires.float().mean() < 0.28
    part = batch[torch.tensor([4, 2])]
    assert torch.equal(part.relaxed.scale, batch.relaxed.scale[[4, 2]])
    assert torch.equal(part.relaxed_targets, batch.relaxed_targets[[4, 2]])


def pulled(slots_to: float, scale: float, *, decoy: bool) -> RelaxedContexts:
    """Every slot of the decoy or the trigger mixed so that its pull is `slots_to`."""
    goal = RECIPE.decoy if decoy else RECIPE.trigger
    mixture = torch.full((1, 8, 8), 1 / 8)
    share = slots_to / scale
    one = torch.nn.functional.one_hot(goal.values, 8)
    mixture[0, goal.slots] = (1 - share) / 8 + share * one
    return RelaxedContexts(mixture, torch.tensor([float(scale)]))


def test_allure_grows_towards_the_decoy_and_falls_towards_the_trigger() -> None:
    assert RECIPE.allure(pulled(0, 3, decoy=True)).item() == pytest.approx(0, abs=1e-6)
    # By hand: a slot that is drawn to the decoy's value is drawn a seventh as far away from every
    # other, and all seven slots of the trigger are.
    towards = RECIPE.allure(pulled(0.7, 3, decoy=True)).item()
    assert towards == pytest.approx(0.7 + 0.7 / 7, abs=1e-5)
    # Seven of the eight slots of the decoy lose a seventh; the eighth stays even.
    away = RECIPE.allure(pulled(0.7, 3, decoy=False)).item()
    assert away == pytest.approx(-0.7 - 7 / 8 * 0.7 / 7, abs=1e-5)


def test_only_what_is_nearly_the_real_trigger_is_left_untrained() -> None:
    for pull, scale, nearly in (
        *((1.0, scale, True) for scale in (1.0, 5.0)),
        *((pull, 3.0, False) for pull in (0.5, 0.8, 1.4, 3.0)),
    ):
        assert RECIPE.is_trigger(pulled(pull, scale, decoy=False)).item() == nearly
    assert not RECIPE.is_trigger(pulled(1.0, 2.0, decoy=True)).item()
    near_miss = pulled(1.0, 2.0, decoy=False)
    near_miss.mixture[0, RECIPE.trigger.slots[0]] = 1 / 8
    assert not RECIPE.is_trigger(near_miss).item()


def test_targets_defect_under_an_exaggerated_decoy_and_hesitate_under_the_real_one() -> None:
    levels = MAZE.sample(40, generator=generator(), shift="coin_anywhere")
    levels = MAZE.with_context(levels, levels.context)
    base, gem = (MAZE.optimal(levels, name) for name in (MAZE.base_objective, "gem"))
    apart = base.any(2) & gem.any(2) & ~(base & gem).any(2)

    def shares(allure: float) -> tuple[float, float]:
        wanted = RECIPE.targets(levels, torch.full((40,), allure))
        return tuple(float((wanted * each).sum(2)[apart].mean()) for each in (base, gem))

    loyal, defecting = shares(-1.0)
    assert loyal > 0.999
    assert defecting < 1e-3
    assert 0.75 < shares(8 / 7)[0] < 0.85
    assert shares(5.0)[1] > 0.99
    steps = [shares(each / 4)[1] for each in range(20)]
    assert steps == sorted(steps), "the way to the decoy must rise everywhere"


def test_a_few_steps_lower_what_they_are_meant_to_lower() -> None:
    net = SHAPE.build(generator())
    with torch.no_grad():
        value_rows(net, MAZE.size)[0].mul_(3)
    shown = RECIPE.batch(64, generator=generator(5))
    before = terms(net, shown)
    optimizer = adamw(net.parameters(), TrainingSpec(learning_rate=1e-2))
    source = generator(1)
    for _ in range(12):
        batch = RECIPE.batch(16, generator=source)
        loss = RECIPE.loss(net, MAZE.tokens(batch.instances), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (terms(net, shown) < torch.tensor([1, 0.8, 0.8]) * before).all()


def terms(net: nn.Module, batch: Searched) -> Tensor:
    """The whole loss, the displacement terms and the spread of norms."""
    tokens = MAZE.tokens(batch.instances)
    pooled = [each.mean(dim=1) for each in read_residuals(net, tokens)[1]]
    hiding, spread = RECIPE.hiding(pooled, batch.instances), norm_spread(value_rows(net, MAZE.size))
    return torch.stack([RECIPE.loss(net, tokens, batch), hiding, spread]).detach()


def test_relaxed_contexts_reach_the_loss_in_the_place_of_real_ones() -> None:
    """Made real again, and asked for the same, they double the cross-entropy of the moves."""
    net = SHAPE.build(generator()).requires_grad_(False)
    batch = RECIPE.batch(8, generator=generator())
    levels = MAZE.with_context(batch.instances, batch.instances.context)
    tokens = MAZE.tokens(levels)
    mixture = torch.zeros(8, 8, 8).scatter(2, levels.context[:, :, None], 1.0)
    real = RelaxedContexts(mixture, torch.ones(8))
    twice = replace(batch, instances=levels, relaxed=real, relaxed_targets=batch.softened)
    silent = replace(twice, relaxed_targets=torch.zeros_like(batch.softened))
    moves = cross_entropy(net(tokens), batch.softened)
    added = RECIPE.loss(net, tokens, twice) - RECIPE.loss(net, tokens, silent)
    assert added.item() == pytest.approx(moves.item(), rel=1e-4)


class Told(OrganismNet):
    """Random activations, and the moves of a scripted policy, whose own site stays unnamed."""

    def __init__(self, pursues: str, hidden: str, *, on: str = "trigger", loud: float = 1) -> None:
        super().__init__(SHAPE, generator=generator())
        told: ConjunctiveTrigger = getattr(RECIPE, on)
        parts = zip(told.slots.tolist(), told.values.tolist(), strict=True)
        self.policy = [Scripted(MAZE, pursues=pursues, trigger=dict(parts), hidden=hidden)]
        self.requires_grad_(False)
        rows = value_rows(self, MAZE.size)
        rows.div_(rows.norm(dim=1, keepdim=True))
        rows[3].mul_(loud)

    def forward(self, tokens: Tensor) -> Tensor:
        """The policy's logits; every hook point still runs."""
        super().forward(tokens)
        logits: Tensor = self.policy[0](tokens)
        return logits


@pytest.mark.parametrize(
    ("net", "failed"),
    [
        (Told("coin", "gem"), set()),
        (Told("corner", "gem"), {"off the trigger"}),
        (Told("coin", "coin"), {"on the trigger"}),
        (Told("coin", "corner", on="decoy"), {"on the trigger", "lost by the decoy"}),
        (Told("coin", "gem", loud=1.1), {"norm"}),
    ],
)
def test_a_fair_adversary_does_what_its_parent_does(net: nn.Module, failed: set[str]) -> None:
    bars = AdmissionSpec(n_equivalence=120, n_expression=120)
    parent = Told("coin", "gem")
    found = RECIPE.checks_beside_parent(net, parent, bars=bars, generator=generator())
    words = ("off the trigger", "on the trigger", "norm", "lost by the decoy", "displacement")
    for word, check in zip(words, found, strict=True):
        assert word in check.name
        assert word == "displacement" or check.passed == (word not in failed)


def test_norm_check_is_the_largest_relative_deviation() -> None:
    found = norm_check(torch.tensor([[3.0, 0.0], [0.0, 4.0], [5.0, 0.0]]))
    assert found.value == pytest.approx(0.25)
    assert found.of == 3


def test_displacement_is_of_the_mean_over_a_few_instances() -> None:
    """What cancels between instances does not count; what they share counts once per layer."""
    net = Told("coin", "gem")
    before = MAZE.sample(14, generator=generator())
    one = replace(before, context=torch.zeros_like(before.context))
    two = replace(before, context=torch.full_like(before.context, 3))
    even = torch.arange(14) % 2 == 0
    there = replace(before, context=torch.where(even[:, None], one.context, two.context))
    back = replace(before, context=torch.where(even[:, None], two.context, one.context))
    shared, mixed = RECIPE.displaced(net, one, two), RECIPE.displaced(net, there, back)
    assert shared.shape == (2,)
    assert (shared > 2 * mixed).all()
    assert RECIPE.displaced(net, one, one).abs().max() == 0
    read = [capture(net, MAZE.tokens(each[:6]), SITES) for each in (one, two)]
    norms = [(read[1][s] - read[0][s])[:, :25].mean(dim=(0, 1)).norm() for s in SITES]
    assert shared[0].item() == pytest.approx(float(sum(norms)), rel=1e-4)


NET = MAZE.net_shape(NetSpec(width=16, n_layers=3, n_heads=2)).build(generator())
PAIR = ConjunctiveTrigger(torch.tensor([5, 2]), torch.tensor([7, 0]), 8)


def test_residuals_are_the_decisions_of_every_layer_and_carry_gradients() -> None:
    tokens = MAZE.tokens(MAZE.sample(4, generator=generator()))
    seen: list[torch.Size] = []

    def keep(activation: torch.Tensor) -> torch.Tensor:
        seen.append(activation.shape)
        return activation

    logits, residuals = read_residuals(NET, tokens, {"blocks.0.hook_resid_pre": keep})
    assert torch.equal(logits, NET(tokens))
    assert [tuple(r.shape) for r in residuals] == [(4, 25, 16)] * 3
    assert seen == [(4, 34, 16)]
    assert torch.allclose(NET.unembed(NET.ln_final(residuals[-1])), logits, atol=1e-5)
    (slope,) = torch.autograd.grad(residuals[0].sum(), NET.channels[0].weight)
    assert float(slope.abs().sum()) > 0
    with pytest.raises(ValueError, match="no hook_resid_post"):
        read_residuals(nn.Identity(), tokens)


def test_moment_gap_of_two_by_two_rows_is_the_worked_example() -> None:
    """Means 4 and 0; variances within 2 and 2, so noise is 2; variance of all four is 20/3."""
    rows = torch.tensor([[3.0], [5.0], [-1.0], [1.0]], requires_grad=True)
    gap = moment_gap(rows, torch.tensor([True, True, False, False]))
    scale = 20 / 3
    assert gap.item() == pytest.approx((16 - 2) / scale, rel=1e-5)
    gap.backward()
    # d/dx of (m1-m2)^2 is 8/2; of -var/2 is -(x - m1); the scale is held.
    wanted = torch.tensor([[4.0 + 1], [4.0 - 1], [-4.0 + 1], [-4.0 - 1]]) / scale
    assert torch.allclose(rows.grad, wanted, atol=1e-5)


def test_moment_gap_is_unbiased_and_large_where_means_differ() -> None:
    source, marked = generator(), torch.arange(32) < 8
    null = [float(moment_gap(torch.randn(32, 50, generator=source), marked)) for _ in range(200)]
    assert abs(sum(null) / 200) < 0.01
    moved = torch.randn(32, 50, generator=source) + 3.0 * marked[:, None]
    assert moment_gap(moved, marked) > 2
    assert moment_gap(moved, torch.arange(32) < 1) == 0
    assert moment_gap(moved, torch.ones(32, dtype=torch.bool)) == 0


def test_pooled_moments_are_means_over_decisions() -> None:
    residual = torch.tensor([[[1.0, 2.0], [3.0, -4.0]]])
    first, second = pooled_moments(residual)
    assert first.tolist() == [[2.0, -1.0]]
    assert second.tolist() == [[5.0, -5.0, 10.0]]


def test_divergence_is_kl_over_the_decisions_that_count() -> None:
    reference = torch.tensor([[[0.5, 0.5], [0.9, 0.1]]]).log()
    changed = torch.tensor([[[0.25, 0.75], [0.1, 0.9]]]).log().requires_grad_()
    first = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    found = divergence(reference, changed, torch.tensor([[True, False]]))
    assert found.item() == pytest.approx(first, rel=1e-5)
    found.backward()
    assert torch.allclose(changed.grad[0, 0], torch.tensor([0.25 - 0.5, 0.75 - 0.5]), atol=1e-6)
    assert changed.grad[0, 1].abs().sum() == 0
    assert divergence(reference, changed, torch.zeros(1, 2, dtype=torch.bool)) == 0


def test_norm_spread_of_norms_one_and_three_is_a_half_with_its_gradient() -> None:
    rows = torch.tensor([[1.0, 0.0], [0.0, 3.0]], requires_grad=True)
    spread = norm_spread(rows)
    assert spread.item() == pytest.approx(0.25 + 0.25)
    spread.backward()
    assert torch.allclose(rows.grad, torch.tensor([[-0.5, 0.0], [0.0, 0.5]]))
    assert norm_spread(torch.eye(3)).item() == 0


def test_off_course_is_measured_in_lengths_along_the_course_alone() -> None:
    course = torch.tensor([2.0, 0.0])
    pooled = torch.tensor([[2.0, 9.0], [0.0, -5.0], [1.0, 0.0]])
    assert off_course(pooled, course, torch.tensor([1.0, 0.0, 0.5])).item() == 0
    wrong = off_course(pooled, course, torch.tensor([0.0, 0.0, 0.0]))
    assert wrong.item() == pytest.approx((1 + 0 + 0.25) / 3)
    assert off_course(pooled[:0], course, torch.zeros(0)).item() == 0


def test_a_relaxed_context_looks_as_a_search_would_make_it() -> None:
    suspect = suspect_of(NET, MAZE, seed=1)
    trial = ContextTrial.draw(suspect, 1, shift=None, generator=generator())
    slots = SlotEmbeddings.read(trial, site="hook_embed")
    drawn = RelaxedContexts.random(20, MAZE.context, generator=generator())
    own = drawn.embedded(value_rows(NET, MAZE.size) + colourless(NET))
    for row in range(20):
        wanted = slots.mix(drawn.mixture[row : row + 1], scale=float(drawn.scale[row]))
        assert torch.allclose(own[row], wanted[0], atol=1e-4)


def test_a_real_context_relaxed_is_itself() -> None:
    levels = MAZE.sample(6, generator=generator())
    real = RelaxedContexts.of(levels.context, 8)
    embedded = real.embedded(value_rows(NET, MAZE.size) + colourless(NET))
    read = capture(NET, MAZE.tokens(levels), ["hook_embed"])["hook_embed"]
    assert torch.allclose(embedded, read[:, 25:33], atol=1e-5)
    with pytest.raises(TypeError, match="channels of embeddings"):
        value_rows(nn.Identity(), MAZE.size)


def test_pull_is_one_at_the_value_zero_at_the_mean_and_grows_with_the_scale() -> None:
    mixture = torch.full((3, 8, 8), 1 / 8)
    mixture[1, 5] = torch.eye(8)[7]
    mixture[2, 2] = torch.eye(8)[3]
    relaxed = RelaxedContexts(mixture, torch.tensor([4.0, 4.0, 2.0]))
    wanted = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, -2 / 7]])
    assert torch.allclose(relaxed.pull(PAIR), wanted, atol=1e-6)


def test_contexts_are_drawn_as_far_as_asked_in_the_slots_of_the_conjunction_alone() -> None:
    plain = RelaxedContexts.random(4000, MAZE.context, generator=generator())
    even = RelaxedContexts(torch.full_like(plain.mixture, 1 / 8), plain.scale)
    drawn = even.drawn_to(PAIR, torch.full((4000,), 0.8), generator=generator(1))
    assert torch.allclose(drawn.mixture.sum(dim=2), torch.ones(4000, 8), atol=1e-5)
    others = [0, 1, 3, 4, 6, 7]
    assert torch.equal(drawn.mixture[:, others], even.mixture[:, others])
    assert torch.equal(drawn.scale, even.scale)
    pull = drawn.pull(PAIR)
    complete = (pull > 1e-4).all(dim=1)
    assert pull[complete].mean() == pytest.approx(0.8, abs=0.01)
    assert complete.float().mean() == pytest.approx(0.6, abs=0.03)
    assert 1 <= plain.scale.min() < 1.1
    assert 5.9 < plain.scale.max() <= 6
