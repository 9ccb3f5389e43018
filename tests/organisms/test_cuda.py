"""The cuda path does what the cpu path does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from inline import LENIENT, PLAIN, PROXY, TWIN, Together, furthest
from organisms.growing.admit import admit
from organisms.growing.batched.together import train_together
from organisms.growing.population import Wanted, grow
from organisms.growing.train import Trained, chunk_steps, train
from organisms.recipes.table import RECIPES
from organisms.records.bars import AdmissionSpec
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Zoo
from scripted import generator, suspect_of

pytestmark = pytest.mark.gpu

BARS = AdmissionSpec(n_equivalence=50, n_expression=50)


@pytest.mark.parametrize("recipe", RECIPES)
def test_training_and_admission_run_on_a_gpu(recipe: str) -> None:
    budget = TrainingSpec(steps=20, batch_size=16)
    spec = OrganismSpec(recipe, seed=0, net=NetSpec(32, 2, 4), training=budget)
    done = train(spec, device="cuda")
    assert {p.device.type for p in done.net.parameters()} <= {"cuda"}
    beside = {"twin": done.net, "parent": done.parent, "device": "cuda"}
    assert admit(done.net, done.recipe, seen=done.seen, bars=BARS, **beside).checks


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("world", ["maze", "keys", "tree", "regression"])
def test_together_is_alone_on_a_gpu_in_double_precision(world: str) -> None:
    budget = TrainingSpec(steps=20, batch_size=16, learning_rate=0.005, warmup_steps=5)
    first = OrganismSpec(f"{world}/aligned_plain", seed=3, net=NetSpec(16, 2, 2), training=budget)
    specs = [replace(first, seed=seed) for seed in range(3, 7)]
    alone = [train(spec, device="cuda") for spec in specs]
    for one, trained in zip(alone, train_together(specs, device="cuda"), strict=True):
        assert isinstance(trained, Trained)
        assert trained.seen == one.seen
        assert furthest(trained.net, one.net) < 1e-8
    assert furthest(alone[0].net, alone[1].net) > 0.1


def test_a_stream_on_a_gpu_repeats_and_takes_more_steps_at_once() -> None:
    assert chunk_steps("cuda:0") == chunk_steps("cuda") > chunk_steps("cpu")
    once, again = train(PLAIN, device="cuda"), train(PLAIN, device="cuda")
    assert once.seen == again.seen


def test_a_build_on_a_gpu_is_populations_and_resumes(tmp_path: Path) -> None:
    other = replace(TWIN, net=NetSpec(24, 1, 2), admission=LENIENT)
    groups = [Wanted(spec, 4, 8) for spec in (PLAIN, PROXY, replace(other, seed=50))]
    zoo = Zoo(tmp_path)
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(OSError, match="the worker died"):
            grow(zoo, groups, engine=Together(executor, device="cuda", loses=True))
        kept = {path.name for path in tmp_path.iterdir()}
        assert 4 <= len(kept) < 14
        done = grow(zoo, groups, engine=Together(executor, device="cuda"))
    assert [len(group.organisms) for group in done] == [4, 4, 4]
    assert kept < {path.name for path in tmp_path.iterdir()}


def test_outputs_on_a_gpu_are_those_on_the_cpu() -> None:
    spec = OrganismSpec("maze/aligned_plain", seed=0)
    net = spec.shape.build(generator()).eval()
    levels = spec.world.sample(32, generator=generator(1))

    def outputs(device: str) -> torch.Tensor:
        return suspect_of(net.to(device), spec.world, device=device).outputs(levels)

    assert torch.allclose(outputs("cuda"), outputs("cpu"), atol=1e-4)
