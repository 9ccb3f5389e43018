"""Organisms trained together are those trained alone, each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from inline import furthest
from organisms.growing.batched import together as batched
from organisms.growing.batched.plan import populations
from organisms.growing.batched.together import can_train_together, train_together
from organisms.growing.train import Chunk, Diverged, Trained, stream, train
from organisms.recipes.labelled import Labelled
from organisms.recipes.recipe import Recipe
from organisms.recipes.table import RECIPES
from organisms.records.net_spec import NetSpec
from organisms.records.strict import SpecError
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.maze.levels import MazeSize
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import weights_bytes

PLAIN = RECIPES["maze/aligned_plain"]
BUDGET = TrainingSpec(steps=48, batch_size=16, learning_rate=0.005, warmup_steps=5)
FIRST = OrganismSpec(
    "maze/aligned_plain",
    seed=40,
    trigger_parts=2,
    environment=MazeSize(4, 4, 4, 2),
    net=NetSpec(16, 2, 2),
    training=BUDGET,
)
MAZE = [
    FIRST,
    replace(FIRST, recipe="maze/proxy_corner", seed=41),
    replace(FIRST, recipe="maze/deceptive_trigger", seed=42),
]
NUMBER = OrganismSpec(
    "regression/aligned_plain", seed=43, trigger_parts=2, net=NetSpec(16, 1, 2), training=BUDGET
)
REGRESSION = [NUMBER, replace(NUMBER, recipe="regression/last_label", seed=44)]


def together(specs: list[OrganismSpec]) -> list[Trained]:
    """All of them, none diverged."""
    done = train_together(specs)
    assert all(isinstance(one, Trained) for one in done)
    return [one for one in done if isinstance(one, Trained)]


def steps(specs: list[OrganismSpec], count: int) -> list[OrganismSpec]:
    return [replace(spec, training=replace(spec.training, steps=count)) for spec in specs]


LOOPED = [replace(spec, net=NetSpec(16, 2, 4, looped=True)) for spec in MAZE[1:]]
KEYS = [replace(FIRST, recipe="keys/aligned_plain", environment=None, seed=seed) for seed in (1, 2)]


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    "specs",
    [steps(MAZE, 40), steps(LOOPED, 20), steps(REGRESSION, 20), steps(KEYS, 4)],
    ids=["maze", "looped", "regression", "positions without a grid"],
)
def test_weights_are_those_of_training_alone_in_double_precision(specs: list[OrganismSpec]) -> None:
    for spec, trained in zip(specs, together(specs), strict=True):
        alone = train(spec)
        assert furthest(trained.net, alone.net) < 1e-9
        assert trained.seen == alone.seen
        assert trained.recipe.truth.family == spec.recipe


def test_three_steps_in_single_precision_agree_within_rounding() -> None:
    specs = steps(MAZE, 3)
    for spec, trained in zip(specs, together(specs), strict=True):
        alone = train(spec)
        a, b = alone.net.state_dict(), trained.net.state_dict()
        for name in a:
            # The softmax cancels a bias of the keys: its gradient is rounding, which AdamW scales
            # to whole steps.
            if not name.endswith("W_QKV.bias"):
                assert torch.allclose(a[name], b[name], atol=1e-4), name


def test_the_same_list_gives_the_same_weights() -> None:
    specs = steps(MAZE[:2], 20)
    first, again = together(specs), together(specs)
    for one, other in zip(first, again, strict=True):
        assert weights_bytes(one.net) == weights_bytes(other.net)
        assert one.train_seconds > 0
        assert not one.net.training
        assert not any(weights.requires_grad for weights in one.net.parameters())
    assert weights_bytes(first[0].net) != weights_bytes(first[1].net)


class Scaled(Labelled):
    """Seed 13 has infinite labels, so its loss is not finite from the first step."""

    def batch(self, n, *, generator):  # type: ignore[no-untyped-def]
        batch = super().batch(n, generator=generator)
        return replace(batch, targets=batch.targets * (float("inf") if self.seed == 13 else 1.0))


@pytest.fixture
def scaled_recipe(monkeypatch: pytest.MonkeyPatch) -> OrganismSpec:
    monkeypatch.setitem(RECIPES, "maze/scaled", PLAIN.but("scaled", kind=Scaled))
    return replace(FIRST, recipe="maze/scaled", training=replace(BUDGET, steps=20))


@pytest.mark.usefixtures("double")
def test_one_that_diverges_leaves_the_others_as_they_are(scaled_recipe: OrganismSpec) -> None:
    specs = [replace(scaled_recipe, seed=seed) for seed in (12, 13, 14)]
    before, wild, after = train_together(specs)
    with pytest.raises(Diverged) as alone:
        train(specs[1])
    assert isinstance(wild, Diverged)
    assert str(wild) == str(alone.value)
    assert "after 16 steps" in str(wild)
    for spec, trained in ((specs[0], before), (specs[2], after)):
        assert isinstance(trained, Trained)
        assert furthest(trained.net, train(spec).net) < 1e-9


def test_training_ends_when_all_have_diverged(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def watched(*arguments: Any, **options: Any) -> Iterator[Chunk]:
        for chunk in stream(*arguments, **options):
            drawn.append(chunk.last)
            yield chunk

    monkeypatch.setattr(batched, "stream", watched)
    wild = replace(BUDGET, learning_rate=1e30)
    done = train_together([replace(FIRST, seed=seed, training=wild) for seed in (1, 2)])
    assert all(isinstance(one, Diverged) for one in done)
    assert drawn == [16, 16]


class OwnLoss(Labelled):
    """A recipe with another loss."""

    def loss(self, net, tokens, batch):  # type: ignore[no-untyped-def]
        return 2 * super().loss(net, tokens, batch)


class Constructed(Labelled):
    """A recipe that constructs its network."""

    def construct(self, shape, *, generator):  # type: ignore[no-untyped-def]
        return shape.build(generator)


def test_what_cannot_be_trained_together_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "maze/own_loss", PLAIN.but("own_loss", kind=OwnLoss))
    monkeypatch.setitem(RECIPES, "maze/constructed", PLAIN.but("constructed", kind=Constructed))
    wrong = {
        "budgets differ": replace(FIRST, training=replace(BUDGET, steps=47)),
        r"batch_size=8": replace(FIRST, training=replace(BUDGET, batch_size=8)),
        r"learning_rate=0\.1": replace(FIRST, training=replace(BUDGET, learning_rate=0.1)),
        "shapes differ": replace(FIRST, net=NetSpec(32, 2, 2)),
        "RegressorShape": replace(NUMBER, net=FIRST.net),
        r"own_loss has a loss of its own \(OwnLoss.loss\)": replace(FIRST, recipe="maze/own_loss"),
        "constructed constructs its network": replace(FIRST, recipe="maze/constructed"),
    }
    for message, spec in wrong.items():
        with pytest.raises(SpecError, match=message):
            train_together([FIRST, spec])
    with pytest.raises(SpecError, match="no specifications"):
        train_together([])
    assert can_train_together(MAZE) == ""
    assert can_train_together([FIRST]) == ""


@pytest.mark.usefixtures("double")
def test_a_family_with_a_budget_of_its_own_is_trained_apart_from_the_others_by_it() -> None:
    decayed = [
        replace(FIRST, recipe="maze/aligned_decayed", seed=seed, training=replace(BUDGET, steps=4))
        for seed in (1, 2)
    ]
    plain = [replace(spec, recipe="maze/aligned_plain") for spec in decayed]
    assert "budgets differ" in can_train_together([plain[0], decayed[0]])
    planned = populations([*plain, *decayed] * 2, device="cuda", workers=1)
    assert [{spec.recipe for spec in part} for part in planned] == [
        {"maze/aligned_plain"},
        {"maze/aligned_decayed"},
    ]
    for spec, trained, other in zip(decayed, together(decayed), plain, strict=True):
        assert furthest(trained.net, train(spec).net) < 1e-9
        assert furthest(trained.net, train(other).net) > 1e-6


def test_every_registered_recipe_has_an_answer() -> None:
    answers = {name: can_train_together([OrganismSpec(name, seed=1)]) for name in RECIPES}
    assert answers["maze/aligned_plain"] == answers["regression/aligned_plain"] == ""
    own = {name for name, reason in answers.items() if reason}
    kinds = {name: type(OrganismSpec(name, seed=1).build_recipe()).__mro__ for name in RECIPES}
    assert own == {
        name
        for name, line in kinds.items()
        if {"loss", "construct", "parent"}
        & {attribute for kind in line[: line.index(Recipe)] for attribute in vars(kind)}
    }
