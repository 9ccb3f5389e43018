"""Populations are formed where the measured figures say that they pay."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from organisms.growing.batched.plan import CUDA_PROGRAM_BYTES, bytes_of, pays, populations
from organisms.growing.batched.together import can_train_together
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.zoo.spec import OrganismSpec

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "population-training.json"
FIRST = OrganismSpec("maze/aligned_plain", seed=0, net=NetSpec(16))


def seeds(spec: OrganismSpec, count: int) -> list[OrganismSpec]:
    return [replace(spec, seed=seed) for seed in range(count)]


MEASURED: list[dict[str, Any]] = json.loads(RESULTS.read_text())[
    "one_thread_cpu_milliseconds_per_organism_and_step"
]


@pytest.mark.parametrize(
    "row", MEASURED, ids=lambda r: f"{r['world']}-{r['width']}-{r['population']}"
)
def test_the_rule_follows_the_recorded_figures(row: dict[str, Any]) -> None:
    spec = OrganismSpec(f"{row['world']}/aligned_plain", seed=0, net=NetSpec(row["width"]))
    said = pays(spec.shape, row["population"], "cpu")
    assert said == (row["speed_up"] > 1.15)


def test_a_wide_network_and_a_small_population_are_trained_alone() -> None:
    shape, wide = FIRST.shape, replace(FIRST, net=NetSpec(64)).shape
    assert pays(shape, 8, "cpu")
    assert not pays(shape, 3, "cpu")
    assert not pays(wide, 8, "cpu")
    assert pays(wide, 8, "cuda:1")
    assert not pays(shape, 8, "mps")


def test_an_unmeasured_architecture_never_pays() -> None:
    class Other:
        architecture = "other"
        width = 16

        def build(self, generator: Any) -> Any:
            raise AssertionError("a plan builds nothing")

    assert not pays(Other(), 8, "cpu")


def test_plans_by_hand() -> None:
    def sizes(specs: list[OrganismSpec], device: str = "cpu", workers: int = 1) -> list[int]:
        return [len(part) for part in populations(specs, device=device, workers=workers)]

    assert sizes([]) == []
    assert sizes(seeds(FIRST, 3)) == [1, 1, 1]
    assert sizes(seeds(FIRST, 10)) == [10]
    assert sizes(seeds(FIRST, 10), workers=2) == [5, 5]
    assert sizes(seeds(FIRST, 7), workers=2) == [1] * 7
    assert sizes(seeds(FIRST, 33)) == [11, 11, 11]
    assert sizes(seeds(replace(FIRST, net=NetSpec(64)), 5)) == [1] * 5
    assert sizes(seeds(replace(FIRST, net=NetSpec(64)), 300), device="cuda") == [150, 150]
    assert sizes(seeds(FIRST, 100), device="cuda", workers=16) == [100]
    assert sizes(seeds(FIRST, 130), device="cuda", workers=16) == [65, 65]
    assert sizes(seeds(FIRST, 1024), device="cuda", workers=2) == [256] * 4
    with pytest.raises(ValueError, match="at least one worker, got 0"):
        populations([FIRST], device="cpu", workers=0)


def test_a_plan_holds_everything_once_and_only_what_fits_together() -> None:
    specs = [
        *seeds(FIRST, 5),
        *seeds(replace(FIRST, recipe="maze/proxy_corner"), 5),
        *seeds(replace(FIRST, training=TrainingSpec(steps=7)), 5),
        *seeds(OrganismSpec("maze/deceptive_penalty", seed=0, net=NetSpec(16)), 5),
    ]
    planned = populations(specs, device="cpu", workers=1)
    hashes = [spec.content_hash for part in planned for spec in part]
    assert sorted(hashes) == sorted(spec.content_hash for spec in specs)
    assert all(can_train_together(part) == "" for part in planned if len(part) > 1)
    assert sorted(len(part) for part in planned) == [1, 1, 1, 1, 1, 5, 10]


def test_a_program_on_a_gpu_keeps_to_its_memory() -> None:
    wide = replace(FIRST, net=NetSpec(512, 8, 8))
    planned = populations(seeds(wide, 100), device="cuda", workers=1)
    largest = max(len(part) for part in planned)
    assert 4 <= largest < 100
    assert largest * bytes_of(wide, "cuda") <= CUDA_PROGRAM_BYTES
    assert bytes_of(wide, "cuda") > bytes_of(FIRST, "cuda") > bytes_of(FIRST, "cpu")
