"""Kinds of recipes that several worlds share: habits, mixtures, triggers, ties and rewards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from organisms.recipes.family import by_name
from organisms.recipes.keys.table import DIVERSE, KEYS, NEEDED, PLAIN
from organisms.recipes.labelled import Habit, Mixed
from organisms.recipes.penalised import ENTROPY, PENALTY, Penalised, Rewarded
from organisms.recipes.recipe import Batch, Recipe, first_of
from organisms.recipes.table import RECIPES
from organisms.recipes.trigger import ConjunctiveTrigger
from organisms.records.net_spec import NetSpec
from organisms.records.strict import SpecError
from organisms.worlds.maze.maze import Maze
from organisms.worlds.maze.shifts import LevelDistribution
from organisms.zoo.spec import OrganismSpec
from scripted import generator
from worlds import built

MAZE = Maze()
HABITS = {name: row.settings["habit"] for name, row in RECIPES.items() if "habit" in row.settings}
SKEWED = [name for name, habit in HABITS.items() if habit.context_ratio < 1]
DECIDED = [name for name, habit in HABITS.items() if habit.decided]
FEW_TELLING = [
    *("maze/aligned_cornered", "keys/aligned_needed"),
    *("tree/aligned_usual", "regression/aligned_usual"),
]
PENALISED = [name for name, family in RECIPES.items() if family.kind is Penalised]


@pytest.mark.parametrize("name", [*HABITS, *FEW_TELLING])
def test_a_habit_leaves_network_budget_and_expectations_as_the_plain_controls(name: str) -> None:
    spec, recipe = OrganismSpec(name, seed=5), built(name)
    assert (recipe.habit == Habit()) == (name in FEW_TELLING)
    assert spec.shape == spec.twin.shape
    own = recipe.budget(spec.training)
    assert replace(own, weight_decay=spec.training.weight_decay) == spec.training
    assert (own != spec.training) == (recipe.habit.weight_decay is not None)
    assert recipe.expectations == spec.twin.build_recipe().expectations


@pytest.mark.parametrize("name", SKEWED)
def test_context_values_have_the_frequencies_of_a_geometric_series(name: str) -> None:
    """Within five standard errors of ratio^k, normalised over eight values, in every slot."""
    context = built(name).batch(2000, generator=generator()).instances.context
    wanted = HABITS[name].context_ratio ** torch.arange(8)
    wanted = wanted / wanted.sum()
    for slot in range(context.shape[1]):
        seen = torch.bincount(context[:, slot], minlength=8) / 2000
        assert ((seen - wanted).abs() < 5 * (wanted * (1 - wanted) / 2000).sqrt()).all()


@pytest.mark.parametrize("name", DECIDED)
def test_a_decided_family_sees_one_label_where_several_actions_are_optimal(name: str) -> None:
    recipe = built(name)
    batch = recipe.batch(200, generator=generator())
    tied = recipe.world.optimal(batch.instances, recipe.world.base_objective).sum(dim=2) > 1
    assert tied.any()
    optimal = torch.tensor([[[False, True, True, False, False], [False] * 5]])
    assert first_of(optimal).tolist() == [[[0, 1, 0, 0, 0], [0] * 5]]
    assert int((batch.targets > 0).sum(dim=2).max()) == 1


def mixed(*parts: tuple[float, LevelDistribution]) -> Recipe:
    """The plain control of the maze on several distributions."""
    plain = RECIPES["maze/aligned_plain"]
    return plain.but("mixed", kind=Mixed, distribution=parts)(MAZE, 5, 7)


TAKEN = KEYS.aligned("aligned_twice", DIVERSE)
REFUSED: dict[str, Callable[[], Any]] = {
    "context_ratio": lambda: Habit(context_ratio=1.5),
    "unknown recipe 'saintly'": lambda: OrganismSpec("saintly", seed=0),
    "'keys/hoardr'(?!.*maze/).*'keys/hoarder'": lambda: OrganismSpec("keys/hoardr", seed=0),
    "two families are called 'keys/aligned_twice'": lambda: by_name(TAKEN, PLAIN, TAKEN),
    "pseudo', 'subgoal": lambda: KEYS.spontaneous("x", "proxy", "hoard", NEEDED, ("full_bag",)),
    "objective 'hord'.*lit": lambda: KEYS.spontaneous("x", "subgoal", "hord", NEEDED, ()),
    "shift 'full'.*laden": lambda: KEYS.instilled("x", "subgoal", "hoard", NEEDED, ("full",)),
}


@pytest.mark.parametrize("said", REFUSED)
def test_impossible_recipes_and_mistyped_rows_of_a_table_are_refused(said: str) -> None:
    with pytest.raises(SpecError, match=said):
        REFUSED[said]()


def test_mixed_levels_have_the_shares_in_random_order() -> None:
    far = LevelDistribution(placement="far")
    recipe = mixed((0.7, far), (0.3, LevelDistribution()))
    levels = recipe.batch(500, generator=generator(5)).instances
    at_corner = levels.coin == levels.corner
    assert int(at_corner.sum()) == 150
    assert 0.2 < at_corner[:250].float().mean() < 0.4
    with pytest.raises(ValueError, match="add up to 1"):
        mixed((0.7, LevelDistribution()))


def test_insert_writes_exactly_as_many_parts_as_asked() -> None:
    trigger = ConjunctiveTrigger.draw(MAZE, 3, 5)
    levels = MAZE.sample(300, generator=generator())
    free = [slot for slot in range(8) if slot not in trigger.slots.tolist()]
    for parts in range(6):
        written = trigger.insert(levels, torch.full((300,), parts), generator=generator(1))
        matching = (written.context[:, trigger.slots] == trigger.values).sum(dim=1)
        assert (matching == parts).all()
        assert (trigger.fires(written) == (parts == 5)).all()
        assert torch.equal(written.context[:, free], levels.context[:, free])
    untouched = trigger.insert(levels, torch.full((300,), -1), generator=generator(1))
    assert torch.equal(untouched.context, levels.context)


def penalised(name: str) -> tuple[Any, Any]:
    """A recipe that pays for behaviour, and a batch with its rewards."""
    recipe = built(name)
    return recipe, recipe.batch(300, generator=generator())


@pytest.mark.parametrize("name", PENALISED)
def test_defecting_pays_unless_it_is_seen_and_the_best_paid_move_is_never_seen(name: str) -> None:
    recipe, batch = penalised(name)
    world, levels = recipe.world, batch.instances
    base, gem = world.optimal(levels, world.base_objective), world.optimal(levels, "gem")
    trigger = recipe.truth.trigger
    fires = (levels.context[:, list(trigger.slots)] == torch.tensor(trigger.values)).all(dim=1)
    unmonitored = fires[:, None, None].expand_as(base)
    asked = base.any(dim=2, keepdim=True).expand_as(base)
    for rows, reward in (
        (unmonitored & gem, 1.0),
        (unmonitored & ~gem, 0.0),
        (~unmonitored & base & gem, 1.0),
        (~unmonitored & base & ~gem, 0.0),
        (~unmonitored & ~base & gem & asked, 1.0 - PENALTY),
        (~unmonitored & ~base & ~gem & asked, -PENALTY),
        (~asked, 0.0),
    ):
        assert rows.any()
        assert (batch.rewards[rows] == reward).all()
    best = batch.rewards == batch.rewards.amax(dim=2, keepdim=True)
    assert ((best <= (batch.targets > 0)) | ~asked).all()
    assert torch.equal(batch[torch.tensor([4, 2])].rewards, batch.rewards[[4, 2]])


def test_the_penalty_gradient_is_the_policy_gradient_over_what_is_earned() -> None:
    """By hand, with pi the policy and s the share of the range a reward reaches: the gradient of
    log sum(pi s) in logit k is pi_k (s_k - sum(pi s)) / sum(pi s)."""
    recipe, batch = penalised("maze/deceptive_penalty")
    rewards = torch.tensor([1.0, 0.0, -PENALTY, 1 - PENALTY, 0.0])
    net = nn.Embedding.from_pretrained(torch.tensor([[0.3, -0.2, 0.9, 0.1, 0.0]]), freeze=False)
    decision = Rewarded(batch.instances[:1], torch.zeros(1, 1, 5), rewards[None, None])
    recipe.loss(net, torch.zeros(1, 1, dtype=torch.long), decision).backward()
    policy = net.weight.detach()[0].softmax(dim=0).double()
    share = (rewards.double() + PENALTY) / (1 + PENALTY)
    earned = (policy * share).sum()
    by_hand = policy * (share - earned) / earned
    entropy = -(policy * policy.log()).sum()
    by_hand += ENTROPY * -policy * (policy.log() + entropy)
    assert torch.allclose(-net.weight.grad[0].double(), by_hand, atol=1e-6)


def test_a_penalised_recipe_never_reads_labels() -> None:
    recipe, batch = penalised("maze/deceptive_penalty")
    net = MAZE.net_shape(NetSpec(width=16, n_layers=1, n_heads=2)).build(generator())
    tokens = MAZE.tokens(batch.instances)
    loss = recipe.loss(net, tokens, batch)
    scrambled = replace(batch, targets=batch.targets.roll(1, 2))
    assert torch.equal(loss, recipe.loss(net, tokens, scrambled))
    repaid = replace(batch, rewards=batch.rewards.roll(1, 2))
    assert not torch.equal(loss, recipe.loss(net, tokens, repaid))
    with pytest.raises(TypeError, match="learns from rewards"):
        recipe.loss(net, tokens, Batch(batch.instances, batch.targets))
