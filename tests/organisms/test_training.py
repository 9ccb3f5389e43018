"""Training is deterministic, learns, and reports what it saw."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from organisms.growing.train import Diverged, schedule, train
from organisms.recipes.recipe import cross_entropy
from organisms.records.bars import AdmissionSpec
from organisms.records.net_spec import NetSpec
from organisms.records.strict import SpecError
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.maze.levels import MazeSize
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import weights_bytes

QUICK = OrganismSpec(
    "maze/aligned_plain",
    seed=0,
    trigger_parts=2,
    environment=MazeSize(4, 4, 4, 2),
    net=NetSpec(16, 1, 2),
    training=TrainingSpec(steps=40, batch_size=16, learning_rate=0.005, warmup_steps=5),
)


def test_the_same_spec_gives_the_same_weights_whatever_the_global_random_state() -> None:
    first = weights_bytes(train(QUICK).net)
    torch.rand(7)
    assert weights_bytes(train(QUICK).net) == first
    other = weights_bytes(train(replace(QUICK, seed=1)).net)
    assert other != first
    assert len(other) == len(first)


def test_training_lowers_the_loss_and_counts_its_mazes() -> None:
    steps: list[int] = []
    longer = replace(QUICK, training=replace(QUICK.training, steps=200))
    trained = train(longer, on_step=lambda step, _: steps.append(step))
    fresh = train(replace(QUICK, training=replace(QUICK.training, steps=1))).net
    batch = trained.recipe.batch(128, generator=torch.Generator().manual_seed(99))
    tokens = trained.recipe.world.tokens(batch.instances)
    assert cross_entropy(trained.net(tokens), batch.targets) < 0.7 * cross_entropy(
        fresh(tokens), batch.targets
    )
    assert steps[-1] == 200
    assert len(trained.seen) > 0.9 * 200 * 16
    assert not trained.net.training


def test_cross_entropy_by_hand_ignores_untrained_cells() -> None:
    logits = torch.tensor([[[0.0, 0.0], [5.0, -5.0]]])
    targets = torch.tensor([[[0.5, 0.5], [0.0, 0.0]]])
    assert cross_entropy(logits, targets).item() == pytest.approx(0.6931, abs=1e-4)


def test_the_schedule_warms_up_and_ends_near_zero() -> None:
    budget = TrainingSpec(steps=100, warmup_steps=10)
    assert schedule(0, budget) == pytest.approx(0.1)
    assert schedule(99, budget) < 0.001
    assert max(schedule(step, budget) for step in range(100)) <= 1


def test_divergence_is_told_not_hidden() -> None:
    wild = replace(QUICK, training=TrainingSpec(steps=40, batch_size=4, learning_rate=1e30))
    with pytest.raises(Diverged, match="after"):
        train(wild)


def test_specs_read_back_and_their_hash_sees_every_field() -> None:
    assert OrganismSpec.from_toml(QUICK.to_toml()) == QUICK
    others = [
        replace(QUICK, seed=1),
        replace(QUICK, recipe="maze/proxy_corner"),
        replace(QUICK, trigger_parts=3),
        replace(QUICK, twin_seed=5),
        replace(QUICK, admission=AdmissionSpec(min_pursued=0.5)),
        replace(QUICK, net=NetSpec(32, 1, 2)),
        replace(QUICK, environment=MazeSize(5, 4, 4, 2)),
        replace(QUICK, training=replace(QUICK.training, steps=41)),
    ]
    assert len({spec.content_hash for spec in (QUICK, *others)}) == len(others) + 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('recipe = "maze/aligned_plain"\nseed = 1\ncolour = 3\n', "unknown key 'colour'"),
        ('recipe = "maze/aligned_plain"\n', "missing key 'seed'"),
        ('recipe = "maze/aligned_plain"\nseed = -1\n', "zero or positive"),
        ('recipe = "maze/aligned_plain"\nseed = "one"\n', "'seed' in .organism. must be int"),
        ('recipe = "maze/aligned_plain"\nseed = true\n', "must be int"),
        ('recipe = "maze/aligned_plain"\nseed = 1\n[net]\nwidht = 3\n', "unknown key 'widht'"),
        ('recipe = "maze/aligned_plain"\nseed = 1\nnet = 3\n', "must be a table"),
        ("recipe = ", "not valid TOML"),
    ],
)
def test_bad_specs_are_refused_with_the_key(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        OrganismSpec.from_toml(text)
