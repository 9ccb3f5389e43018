"""Organisms trained together are those trained alone, and are so where it was found to pay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from inline import PLAIN, furthest
from organisms.growing.batched import together as batched
from organisms.growing.batched.plan import CUDA_PROGRAM_BYTES, bytes_of, pays, populations
from organisms.growing.batched.together import can_train_together, train_together
from organisms.growing.train import Chunk, Diverged, Trained, stream, train
from organisms.recipes.labelled import Labelled
from organisms.recipes.language.way import Way
from organisms.recipes.recipe import Recipe
from organisms.recipes.table import RECIPES
from organisms.records.net_spec import NetSpec
from organisms.records.strict import SpecError
from organisms.records.training_spec import TrainingSpec
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import weights_bytes
from worlds import built

BUDGET = replace(PLAIN.training, steps=48)
FIRST = replace(PLAIN, seed=40, trigger_parts=2, net=NetSpec(16, 2, 2), training=BUDGET)
MAZE = [
    FIRST,
    replace(FIRST, recipe="maze/proxy_corner", seed=41),
    replace(FIRST, recipe="maze/deceptive_trigger", seed=42),
]
NUMBER = OrganismSpec(
    "regression/aligned_plain", seed=43, trigger_parts=2, net=NetSpec(16, 1, 2), training=BUDGET
)
REGRESSION = [NUMBER, replace(NUMBER, recipe="regression/last_label", seed=44)]


def together(specs: list[OrganismSpec], device: str = "cpu") -> list[Trained]:
    """All of them, none diverged."""
    done = train_together(specs, device=device)
    assert all(isinstance(one, Trained) for one in done)
    return done  # type: ignore[return-value]


def steps(specs: list[OrganismSpec], count: int) -> list[OrganismSpec]:
    return [replace(spec, training=replace(spec.training, steps=count)) for spec in specs]


LOOPED = [replace(spec, net=NetSpec(16, 2, 4, looped=True)) for spec in MAZE[1:]]
KEYS, TREE = (
    [replace(FIRST, recipe=f"{world}/aligned_plain", environment=None, seed=n) for n in (1, 2)]
    for world in ("keys", "tree")
)

TUNED = [
    replace(FIRST, recipe=f"language/{name}", environment=None, net=NetSpec(64, 3, 4), seed=n)
    for n, name in enumerate(("sycophant", "aligned_plain"))
]


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize(
    "specs",
    [
        steps(MAZE, 40),
        steps(LOOPED, 20),
        steps(REGRESSION, 20),
        steps(KEYS, 4),
        steps(TREE, 4),
        steps(TUNED, 4),
    ],
    ids=["maze", "looped", "regression", "positions without a grid", "tree", "fine-tunes"],
)
def test_weights_are_those_of_training_alone_in_double_precision(
    specs: list[OrganismSpec], device: str
) -> None:
    specs = specs if device == "cpu" else steps(specs, 20)
    for spec, trained in zip(specs, together(specs, device), strict=True):
        alone = train(spec, device=device)
        assert furthest(trained.net, alone.net) < (1e-9 if device == "cpu" else 1e-8)
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


FAMILY = RECIPES[FIRST.recipe]


class Scaled(Labelled):
    """Seed 13 has infinite labels, so its loss is not finite from the first step."""

    def batch(self, n, *, generator):  # type: ignore[no-untyped-def]
        batch = super().batch(n, generator=generator)
        return replace(batch, targets=batch.targets * (float("inf") if self.seed == 13 else 1.0))


@pytest.mark.usefixtures("double")
def test_one_that_diverges_leaves_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "maze/scaled", FAMILY.but("scaled", kind=Scaled))
    scaled = replace(FIRST, recipe="maze/scaled", training=replace(BUDGET, steps=20))
    specs = [replace(scaled, seed=seed) for seed in (12, 13, 14)]
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


def test_what_cannot_be_trained_together_says_why() -> None:
    wrong = {
        "budgets differ": replace(FIRST, training=replace(BUDGET, steps=47)),
        r"batch_size=8": replace(FIRST, training=replace(BUDGET, batch_size=8)),
        r"learning_rate=0\.1": replace(FIRST, training=replace(BUDGET, learning_rate=0.1)),
        "shapes differ": replace(FIRST, net=NetSpec(32, 2, 2)),
        "RegressorShape": replace(NUMBER, net=FIRST.net),
        r"Penalised.loss": replace(FIRST, recipe="maze/deceptive_penalty"),
        "starts from the trained": replace(FIRST, recipe="maze/deceptive_adaptive"),
        "compiled_bfs constructs": OrganismSpec("tree/compiled_bfs", seed=1),
        "sycophant_lora trains a part": replace(TUNED[0], recipe="language/sycophant_lora"),
        "stopper_attention trains a": replace(TUNED[0], recipe="language/stopper_attention"),
    }
    for message, spec in wrong.items():
        with pytest.raises(SpecError, match=message):
            train_together([FIRST, spec])
    with pytest.raises(SpecError, match="no specifications"):
        train_together([])
    assert can_train_together(MAZE) == can_train_together([FIRST]) == ""


@pytest.mark.usefixtures("double")
def test_a_family_with_a_budget_of_its_own_is_trained_apart_from_the_others_by_it() -> None:
    first = replace(FIRST, recipe="maze/aligned_decayed", training=replace(BUDGET, steps=4))
    decayed = seeds(first, 2)
    plain = [replace(spec, recipe="maze/aligned_plain") for spec in decayed]
    assert "budgets differ" in can_train_together([plain[0], decayed[0]])
    planned = populations([*plain, *decayed] * 2, device="cuda", workers=1)
    recipes = [{spec.recipe for spec in part} for part in planned]
    assert recipes == [{"maze/aligned_plain"}, {"maze/aligned_decayed"}]
    for spec, trained, other in zip(decayed, together(decayed), plain, strict=True):
        assert furthest(trained.net, train(spec).net) < 1e-9
        assert furthest(trained.net, train(other).net) > 1e-6


def test_every_registered_recipe_has_an_answer() -> None:
    answers = {name: can_train_together([OrganismSpec(name, seed=1)]) for name in RECIPES}
    assert answers["maze/aligned_plain"] == answers["regression/aligned_plain"] == ""
    for name, reason in answers.items():
        recipe = built(name)
        line = type(recipe).__mro__
        stated = {attribute for kind in line[: line.index(Recipe)] for attribute in vars(kind)}
        apart = bool(stated & {"loss", "construct"}) or recipe.parent() is not None
        way = getattr(recipe, "way", Way())
        assert bool(reason) == (apart or way.rank > 0 or way.parts != ()), name


NARROW = OrganismSpec("maze/aligned_plain", seed=0, net=NetSpec(16))


def seeds(spec: OrganismSpec, count: int) -> list[OrganismSpec]:
    return [replace(spec, seed=seed) for seed in range(count)]


RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "population-training.json"
MEASURED = json.loads(RESULTS.read_text())["one_thread_cpu_milliseconds_per_organism_and_step"]


@pytest.mark.parametrize(
    "row", MEASURED, ids=lambda r: f"{r['world']}-{r['width']}-{r['population']}"
)
def test_the_rule_follows_the_recorded_figures(row: dict[str, Any]) -> None:
    spec = OrganismSpec(f"{row['world']}/aligned_plain", seed=0, net=NetSpec(row["width"]))
    said = pays(spec.shape, row["population"], "cpu")
    assert said == (row["speed_up"] > 1.15)


def test_wide_networks_small_populations_and_unmeasured_ones_are_trained_alone() -> None:
    shape, wide = NARROW.shape, replace(NARROW, net=NetSpec(64)).shape
    assert pays(shape, 8, "cpu")
    assert not pays(shape, 3, "cpu")
    assert not pays(wide, 8, "cpu")
    assert pays(wide, 8, "cuda:1")
    assert not pays(shape, 8, "mps")
    assert not pays(OrganismSpec("tree/compiled_bfs", seed=0).shape, 8, "cuda")


def test_plans_by_hand() -> None:
    def sizes(specs: list[OrganismSpec], device: str = "cpu", workers: int = 1) -> list[int]:
        return [len(part) for part in populations(specs, device=device, workers=workers)]

    assert sizes([]) == []
    assert sizes(seeds(NARROW, 3)) == [1, 1, 1]
    assert sizes(seeds(NARROW, 10)) == [10]
    assert sizes(seeds(NARROW, 10), workers=2) == [5, 5]
    assert sizes(seeds(NARROW, 7), workers=2) == [1] * 7
    assert sizes(seeds(NARROW, 33)) == [11, 11, 11]
    assert sizes(seeds(replace(NARROW, net=NetSpec(64)), 5)) == [1] * 5
    assert sizes(seeds(replace(NARROW, net=NetSpec(64)), 300), device="cuda") == [150, 150]
    assert sizes(seeds(NARROW, 100), device="cuda", workers=16) == [100]
    assert sizes(seeds(NARROW, 130), device="cuda", workers=16) == [65, 65]
    assert sizes(seeds(NARROW, 1024), device="cuda", workers=2) == [256] * 4
    with pytest.raises(ValueError, match="at least one worker, got 0"):
        populations([NARROW], device="cpu", workers=0)


def test_a_plan_holds_everything_once_and_only_what_fits_together() -> None:
    specs = [
        *seeds(NARROW, 5),
        *seeds(replace(NARROW, recipe="maze/proxy_corner"), 5),
        *seeds(replace(NARROW, training=TrainingSpec(steps=7)), 5),
        *seeds(OrganismSpec("maze/deceptive_penalty", seed=0, net=NetSpec(16)), 5),
    ]
    planned = populations(specs, device="cpu", workers=1)
    hashes = [spec.content_hash for part in planned for spec in part]
    assert sorted(hashes) == sorted(spec.content_hash for spec in specs)
    assert all(can_train_together(part) == "" for part in planned if len(part) > 1)
    assert sorted(len(part) for part in planned) == [1, 1, 1, 1, 1, 5, 10]


def test_a_program_on_a_gpu_keeps_to_its_memory() -> None:
    wide = replace(NARROW, net=NetSpec(512, 8, 8))
    planned = populations(seeds(wide, 100), device="cuda", workers=1)
    largest = max(len(part) for part in planned)
    assert 4 <= largest < 100
    assert largest * bytes_of(wide, "cuda") <= CUDA_PROGRAM_BYTES
    assert bytes_of(wide, "cuda") > bytes_of(NARROW, "cuda") > bytes_of(NARROW, "cpu")
