"""Training is deterministic, learns, reports what it saw, and may start from a parent."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from unittest.mock import Mock

import pytest
import torch
from safetensors.torch import load
from torch import nn

from inline import PLAIN, PROXY, TWIN, grown
from organisms.growing import attempt as attempts
from organisms.growing.admit import admit
from organisms.growing.attempt import attempt
from organisms.growing.train import Trained, chunk_steps, lineage, schedule, stream, train
from organisms.recipes.recipe import cross_entropy
from organisms.recipes.table import RECIPES
from organisms.records.bars import AdmissionSpec
from organisms.records.net_spec import NetSpec
from organisms.records.strict import SpecError
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.maze.levels import MazeSize
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import DamagedWeights, net_of, round_to_half, weights_bytes
from scripted import Scripted, generator, suspect_of

CHILD = replace(
    PLAIN,
    recipe="maze/deceptive_adaptive",
    trigger_parts=2,
    net=NetSpec(16, 2, 2),
    training=replace(PLAIN.training, steps=48),
)
PARENT = replace(CHILD, recipe="maze/deceptive_trigger")
QUICK = replace(PLAIN, training=replace(PLAIN.training, steps=40))


@cache
def parents_training() -> Trained:
    return train(PARENT)


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
    batch = trained.recipe.batch(128, generator=generator(99))
    tokens = trained.recipe.world.tokens(batch.instances)
    loss, before = (cross_entropy(net(tokens), batch.targets) for net in (trained.net, fresh))
    assert loss < 0.7 * before
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
    ("text", "word"),
    [
        ("seed = 1\ncolour = 3\n", "colour"),
        ("", "missing key 'seed'"),
        ("seed = -1\n", "zero or positive"),
        ('seed = "one"\n', "'seed' in .organism. must be int"),
        ("seed = true\n", "must be int"),
        ("seed = 1\n[net]\nwidht = 3\n", "widht"),
        ("seed = 1\nnet = 3\n", "must be a table"),
        ("seed = ", "not valid TOML"),
    ],
)
def test_bad_specs_are_refused_with_the_key(text: str, word: str) -> None:
    with pytest.raises(SpecError, match=word):
        OrganismSpec.from_toml(f'recipe = "maze/aligned_plain"\n{text}')


def linear(*weights: float) -> nn.Linear:
    layer = nn.Linear(len(weights), 1, bias=False)
    layer.weight.data = torch.tensor([weights])
    return layer


def test_rounding_to_ten_binary_digits_by_hand() -> None:
    """Near 1 neighbours lie 2^-10 apart, near 2048 they lie 2 apart; a tie goes to the even one."""
    net = linear(1 + 2**-12, 1 + 3 * 2**-12, 2049.0, 2051.0, 0.5, 65504.0)
    round_to_half(net)
    assert net.weight.tolist() == [[1.0, 1 + 2**-10, 2048.0, 2052.0, 0.5, 65504.0]]
    assert net.weight.dtype == torch.float32
    before = weights_bytes(net)
    round_to_half(net)
    assert weights_bytes(net) == before
    assert load(before)["weight"].dtype == torch.float16


def test_a_weight_beyond_half_precision_is_refused_not_made_infinite() -> None:
    with pytest.raises(DamagedWeights, match="weight holds 70000"):
        round_to_half(linear(1.0, 70000.0))


@pytest.mark.parametrize("together", [False, True])
def test_the_network_admitted_is_the_one_stored(
    together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs, twin = [PLAIN, PROXY], grown(TWIN).weights
    monkeypatch.setattr(attempts, "admit", Mock(wraps=attempts.admit))
    parts = [specs] if together else [[spec] for spec in specs]
    done = [each for part in parts for each in attempt(part, [twin] * len(part), "cpu")]
    tokens = PLAIN.world.tokens(PLAIN.world.sample(20, generator=generator(0)))
    for one, measured in zip(done, attempts.admit.call_args_list, strict=True):
        stored = net_of(one.weights, PLAIN.shape, where="here", remedy="none")
        assert torch.equal(stored(tokens), measured.args[0](tokens))


def test_training_starts_from_the_very_network_that_the_parent_family_grows() -> None:
    steps: list[int] = []
    child, parent = train(CHILD, on_step=lambda step, _: steps.append(step)), parents_training()
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
    child, parent = train(CHILD), parents_training()
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
    keys = [set(chunk.batch.instances.fingerprints()) for chunk in levels]
    assert not keys[0] & keys[1]


def test_fine_tuning_reads_no_more_instances_than_the_parents_training() -> None:
    recipe, counted = CHILD.build_recipe(), list[int]()
    net = CHILD.shape.build(generator(0))
    net.register_forward_hook(lambda module, inputs, output: counted.append(len(output)))
    budget = recipe.budget(CHILD.training)
    for chunk in stream(recipe, budget, seed=CHILD.seed, device="cpu", generation=1):
        for first in range(0, len(chunk.batch), budget.batch_size):
            part = chunk.batch[first : first + budget.batch_size]
            recipe.loss(net, recipe.world.tokens(part.instances), part)
    assert sum(counted) == CHILD.training.steps * CHILD.training.batch_size


def test_admission_wants_the_parent_exactly_where_there_is_one() -> None:
    bars, net = AdmissionSpec(n_equivalence=30, n_expression=30), Scripted(CHILD.world)
    for spec, parent, word in ((CHILD, None, "none is given"), (PARENT, net, "one is given")):
        with pytest.raises(ValueError, match=word):
            admit(net, spec.build_recipe(), seen=frozenset(), twin=net, bars=bars, parent=parent)


@pytest.mark.gpu
@pytest.mark.parametrize("recipe", RECIPES)
def test_training_and_admission_run_on_a_gpu(recipe: str) -> None:
    budget = TrainingSpec(steps=20, batch_size=16)
    net = NetSpec(64, 3, 4) if recipe.startswith("language/") else NetSpec(32, 2, 4)
    spec = OrganismSpec(recipe, seed=0, net=net, training=budget)
    done = train(spec, device="cuda")
    assert {p.device.type for p in done.net.parameters()} <= {"cuda"}
    bars = AdmissionSpec(n_equivalence=50, n_expression=50)
    beside = {"twin": done.net, "parent": done.parent, "device": "cuda"}
    assert admit(done.net, done.recipe, seen=done.seen, bars=bars, **beside).checks


@pytest.mark.gpu
def test_a_stream_on_a_gpu_repeats_and_takes_more_steps_at_once() -> None:
    assert chunk_steps("cuda:0") == chunk_steps("cuda") > chunk_steps("cpu")
    assert train(PLAIN, device="cuda").seen == train(PLAIN, device="cuda").seen


@pytest.mark.gpu
def test_outputs_on_a_gpu_are_those_on_the_cpu() -> None:
    net, world = PLAIN.shape.build(generator()).eval(), PLAIN.world
    levels = world.sample(32, generator=generator(1))
    there, here = (
        suspect_of(net.to(device), world, device=device).outputs(levels)
        for device in ("cuda", "cpu")
    )
    assert torch.allclose(there, here, atol=1e-4)
