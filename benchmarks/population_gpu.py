"""Measure organisms per minute on one device: trained as one program, one by one, and admitted."""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from costs import RESULTS, device_name, machine, write_result
from evals.scoring.workers import local_workers
from evals.suite.build import Build
from evals.suite.suite_file import load_suite
from organisms.growing.batched.plan import populations
from organisms.growing.batched.together import train_together
from organisms.growing.engine import LocalEngine
from organisms.growing.population import TooFewOrganisms, Wanted, grow
from organisms.growing.train import chunk_steps, stream, train
from organisms.recipes.recipe import Recipe
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Zoo

WIDTHS = (64, 32, 16)
"""Widest first: the figures that matter most come before the time is used up."""
POPULATIONS = (64, 256, 1024)
RECIPE = "maze/proxy_corner"
FULL = 1000
"""Steps of a real organism, to which the figures are scaled."""
SEED = 900_000
"""First seed; it is in no suite."""
DRAWN = 8
"""Organisms whose data are drawn alone, to see what part of the time that takes."""
TWINS = 3
"""Twin seeds tried at most."""
FAMILIES = (
    "aligned_plain",
    "aligned_benign",
    "proxy_corner",
    "deceptive_trigger",
)
"""Of the maze, admitted in equal numbers."""


class Clock:
    """Seconds on a device, waiting for its queue at both ends."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._started = self._now()

    def _now(self) -> float:
        if self._device.startswith("cuda"):
            torch.cuda.synchronize()
        return time.perf_counter()

    def seconds(self) -> float:
        """Since the clock was made."""
        return self._now() - self._started


def specs(width: int, population: int, steps: int) -> list[OrganismSpec]:
    """A population of one shape."""
    first = OrganismSpec(
        RECIPE, seed=SEED, net=NetSpec(width), training=TrainingSpec(steps=min(steps, FULL))
    )
    return [replace(first, seed=SEED + number) for number in range(population)]


def data_seconds(some: list[OrganismSpec], device: str) -> float:
    """Seconds per organism to draw its training instances and to note their fingerprints."""
    clock = Clock(device)
    for spec in some:
        recipe: Recipe = spec.build_recipe()
        for chunk in stream(recipe, spec.training, seed=spec.seed, device=device):
            set(chunk.batch.instances.fingerprints())
    return clock.seconds() / len(some)


def cell(width: int, population: int, device: str, steps: int) -> dict[str, Any]:
    """One population; a population of one is trained by `train`."""
    several = specs(width, population, steps)
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats()
    clock = Clock(device)
    if population == 1:
        train(several[0], device=device)
    else:
        train_together(several, device=device)
    seconds = clock.seconds()
    drawing = data_seconds(several[:DRAWN], device) * population
    row = {
        "width": width,
        "population": population,
        "steps": steps,
        "seconds": seconds,
        "organisms_per_minute": population * 60 / (seconds * FULL / steps),
        "data_share": drawing / seconds,
    }
    if device.startswith("cuda"):
        row["peak_gib"] = torch.cuda.max_memory_allocated() / 2**30
    return row


def training(
    device: str, widths: tuple[int, ...], sizes: tuple[int, ...], seconds: float
) -> list[dict[str, Any]]:
    """Every cell that is expected to end in time; the others say why they were skipped."""
    started = time.perf_counter()
    steps = chunk_steps(device)
    train_together(specs(widths[0], 4, 8), device=device)
    train(specs(widths[0], 1, 8)[0], device=device)
    rows: list[dict[str, Any]] = []
    for width in widths:
        per_organism = 0.0
        for population in (1, *sizes):
            left = seconds - (time.perf_counter() - started)
            expected = per_organism * population
            if expected > left:
                reason = f"expected {expected:.0f} s, {max(left, 0):.0f} s were left"
                rows.append({"width": width, "population": population, "skipped": reason})
                continue
            began = time.perf_counter()
            rows.append(cell(width, population, device, steps))
            # One organism alone says nothing of a population, so the first one is not foreseen.
            if population > 1:
                per_organism = (time.perf_counter() - began) / population
            print(rows[-1], flush=True)
    return rows


def admitted(count: int, device: str, workers: int) -> dict[str, Any]:
    """Train and admit real organisms of the smoke suite's maze as a build does, once each.

    A twin that is no organism stops a build at once; the next twin's seed is then tried.
    """
    suite_build = load_suite("smoke").builds["maze"]
    for twin_seed in range(suite_build.twin_seed, suite_build.twin_seed + TWINS):
        row = _admitted(replace(suite_build, twin_seed=twin_seed), count, device, workers)
        if row["finished"]:
            return row
    return row


def _admitted(build: Build, count: int, device: str, workers: int) -> dict[str, Any]:
    share = -(-count // len(FAMILIES))
    firsts = [build.spec(f"maze/{name}", SEED, trigger_parts=7) for name in FAMILIES]
    groups = [Wanted(spec, share, share) for spec in firsts]
    wanted = [group.attempt(number) for group in groups for number in range(share)]
    planned = [len(part) for part in populations(wanted, device=device, workers=workers)]
    with tempfile.TemporaryDirectory() as folder, local_workers(workers) as executor:
        zoo = Zoo(Path(folder))
        engine = LocalEngine(executor, device=device, workers=workers, together=True)
        started = time.perf_counter()
        arrived: list[float] = []
        try:
            grow(
                zoo,
                groups,
                engine=engine,
                on_attempt=lambda record: arrived.append(time.perf_counter() - started),
            )
        except TooFewOrganisms as error:
            print(f"not all were admitted: {error}", flush=True)
        minutes = (time.perf_counter() - started) / 60
        records = [zoo.load(spec) for spec in wanted]
    found = [record for record in records if record is not None]
    return {
        "attempted": len(wanted),
        "finished": len(found),
        "admitted": sum(record.admitted for record in found),
        "by_family": {
            spec.recipe: sum(r.admitted for r in found if r.spec.recipe == spec.recipe)
            for spec in firsts
        },
        "steps": build.training.steps,
        "width": build.net.width,
        "workers": workers,
        "populations": planned,
        "minutes": minutes,
        "first_arrived_after_minutes": min(arrived, default=float("nan")) / 60,
        "organisms_per_minute": len(found) / minutes,
        "twin_seed": build.twin_seed,
        "train_cpu_seconds": sum(record.train_seconds for record in found),
        "admit_cpu_seconds": sum(record.admit_seconds for record in found),
        "training": asdict(build.training),
    }


def main() -> None:
    """Write `population-gpu.json`, after every part anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--seconds", type=float, default=130, help="for training, all cells")
    parser.add_argument("--widths", type=int, nargs="+", default=list(WIDTHS))
    parser.add_argument("--populations", type=int, nargs="*", default=list(POPULATIONS))
    parser.add_argument("--admit", type=int, default=0, help="real organisms to train and admit")
    parser.add_argument("--workers", type=int, default=4, help="processes that train and admit")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    content: dict[str, Any] = {
        "device": device_name(asked.device),
        "scaled_to_steps": FULL,
        **machine(),
    }
    path = asked.out / f"population-{'cpu' if asked.device == 'cpu' else 'gpu'}.json"

    def keep(part: str, value: object) -> None:
        content[part] = value
        write_result(path, content)

    if asked.seconds > 0:
        sizes = tuple(asked.populations)
        rows = training(asked.device, tuple(asked.widths), sizes, asked.seconds)
        keep("training_alone_of_admission", rows)
    if asked.admit:
        keep("trained_and_admitted", admitted(asked.admit, asked.device, asked.workers))
    print(path)


if __name__ == "__main__":
    main()
