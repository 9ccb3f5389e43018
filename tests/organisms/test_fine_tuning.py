"""Training that starts from a parent's trained network, and admission beside that parent."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from organisms.growing.admit import admit
from organisms.growing.batched.together import can_train_together
from organisms.growing.train import lineage, stream, train
from organisms.records.bars import AdmissionSpec
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.maze.levels import MazeSize
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import weights_bytes
from scripted import Scripted

CHILD = OrganismSpec(
    "maze/deceptive_adaptive",
    seed=6,
    trigger_parts=2,
    environment=MazeSize(4, 4, 4, 2),
    net=NetSpec(16, 2, 2),
    training=TrainingSpec(steps=48, batch_size=16, learning_rate=0.005, warmup_steps=5),
)
PARENT = replace(CHILD, recipe="maze/deceptive_trigger")


def test_training_starts_from_the_very_network_that_the_parent_family_grows() -> None:
    steps: list[int] = []
    child, parent = train(CHILD, on_step=lambda step, _: steps.append(step)), train(PARENT)
    assert child.parent is not None
    assert weights_bytes(child.parent) == weights_bytes(parent.net)
    assert weights_bytes(child.net) != weights_bytes(parent.net)
    assert parent.seen < child.seen
    assert steps == [16, 32, 48, 64, 72]
    assert parent.parent is None
    assert weights_bytes(train(CHILD).net) == weights_bytes(child.net)
    for net in (child.net, child.parent):
        assert not net.training
        assert not any(each.requires_grad for each in net.parameters())


def test_steps_of_no_length_leave_the_parent_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a learning rate of nearly zero the last generation moves nothing that can be seen."""
    recipe = CHILD.build_recipe()
    still = replace(CHILD.training, steps=1, learning_rate=1e-12)
    monkeypatch.setattr(type(recipe), "budget", lambda self, whole: still)
    child, parent = train(CHILD), train(PARENT)
    pairs = zip(child.net.parameters(), parent.net.parameters(), strict=True)
    assert all(torch.allclose(one, other, atol=1e-9) for one, other in pairs)


def test_a_line_begins_with_the_ancestor_and_each_sees_instances_of_its_own() -> None:
    line = lineage(CHILD.build_recipe())
    assert [each.truth.family for each in line] == [PARENT.recipe, CHILD.recipe]
    assert line[0].truth == PARENT.build_recipe().truth
    assert len(lineage(line[0])) == 1
    levels = [
        next(stream(line[0], CHILD.training, seed=6, device="cpu", generation=generation))
        for generation in (0, 1)
    ]
    assert not set(levels[0].batch.instances.fingerprints()) & set(
        levels[1].batch.instances.fingerprints()
    )


def test_fine_tuning_reads_no_more_instances_than_the_parents_training() -> None:
    recipe, counted = CHILD.build_recipe(), list[int]()
    net = CHILD.shape.build(torch.Generator().manual_seed(0))
    net.register_forward_hook(lambda module, inputs, output: counted.append(len(output)))
    budget = recipe.budget(CHILD.training)
    for chunk in stream(recipe, budget, seed=6, device="cpu", generation=1):
        for first in range(0, len(chunk.batch), budget.batch_size):
            part = chunk.batch[first : first + budget.batch_size]
            recipe.loss(net, recipe.world.tokens(part.instances), part)
    assert sum(counted) == CHILD.training.steps * CHILD.training.batch_size


def test_admission_wants_the_parent_exactly_where_there_is_one() -> None:
    maze = CHILD.world
    bars = AdmissionSpec(n_equivalence=30, n_expression=30)
    net = Scripted(maze)
    for spec, parent, message in (
        (CHILD, None, "starts from a parent, of maze/deceptive_trigger, and none is given"),
        (PARENT, net, "starts from no parent, and one is given"),
    ):
        recipe = spec.build_recipe()
        with pytest.raises(ValueError, match=message):
            admit(net, recipe, seen=frozenset(), twin=net, bars=bars, parent=parent)


def test_networks_with_a_parent_are_trained_one_by_one() -> None:
    assert "starts from the trained network of maze/deceptive_trigger" in can_train_together(
        [CHILD]
    )
    assert can_train_together([PARENT]) == ""
