"""Measure what training organisms as one program costs a processor, against one by one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import torch

from costs import RESULTS, machine, write_result
from evals.scoring.workers import local_workers
from organisms.growing.batched.together import train_together
from organisms.growing.train import train
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.zoo.spec import OrganismSpec

RECIPES = {"maze": "maze/proxy_corner", "regression": "regression/aligned_plain"}
WIDTHS = (16, 32, 64)
POPULATIONS = (1, 8, 32)
BUDGET = TrainingSpec(steps=16)
ROUNDS = 3
ALONE = 2
"""Organisms of a population that are also trained one by one: each costs the same alone."""


def specs(world: str, width: int, population: int) -> list[OrganismSpec]:
    """A population of one shape, in seeds that are in no suite."""
    first = OrganismSpec(RECIPES[world], seed=900_000, net=NetSpec(width), training=BUDGET)
    return [replace(first, seed=first.seed + number) for number in range(population)]


def train_alone(several: list[OrganismSpec]) -> None:
    """One after the other."""
    for spec in several:
        train(spec)


def spent(clock: Callable[[], float], work: Callable[[], object], organisms: int) -> float:
    """Milliseconds per organism and step by a clock."""
    started = clock()
    work()
    return (clock() - started) * 1000 / organisms / BUDGET.steps


def figures(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Paired rounds of (alone, together) as medians, with the range of their ratio."""
    ratios = [alone / together for alone, together in pairs]
    return {
        "alone": median(alone for alone, _ in pairs),
        "together": median(together for _, together in pairs),
        "speed_up": median(ratios),
        "least": min(ratios),
        "most": max(ratios),
    }


def one_thread(world: str, width: int, population: int) -> dict[str, Any]:
    """CPU milliseconds per organism and step on one thread, the two ways in turn."""
    several = specs(world, width, population)
    some = several[:ALONE]

    def pair() -> tuple[float, float]:
        return (
            spent(time.process_time, lambda: train_alone(some), len(some)),
            spent(time.process_time, lambda: train_together(several), population),
        )

    pairs = [pair() for _ in range(ROUNDS)]
    return {"world": world, "width": width, "population": population, **figures(pairs)}


def cpu_of(work: Callable[[list[OrganismSpec]], object], several: list[OrganismSpec]) -> float:
    """CPU seconds of some training in this process; runs in a worker."""
    started = time.process_time()
    work(several)
    return time.process_time() - started


def two_cores(width: int, population: int) -> dict[str, Any]:
    """Milliseconds per organism and step of three ways to use two cores, in turn.

    Two processes one by one, two processes with half of the population each, and one process
    with two threads. Wall time means what it says only where nothing else runs; CPU time counts
    both processes or threads.
    """
    several, half = specs("maze", width, population), population // 2
    rows: dict[str, list[tuple[float, float]]] = {"alone": [], "halves": [], "threads": []}
    with local_workers(2) as pool:

        def both(work: Callable[[list[OrganismSpec]], object], share: int) -> tuple[float, float]:
            started = time.perf_counter()
            shares = (several[:share], several[-share:])
            cpu = sum(task.result() for task in [pool.submit(cpu_of, work, s) for s in shares])
            scale = 1000 / (2 * share) / BUDGET.steps
            return (time.perf_counter() - started) * scale, cpu * scale

        both(train_alone, 1)
        for _ in range(ROUNDS):
            rows["alone"].append(both(train_alone, ALONE))
            rows["halves"].append(both(train_together, half))
            torch.set_num_threads(2)
            started = time.perf_counter()
            cpu = cpu_of(train_together, several)
            scale = 1000 / population / BUDGET.steps
            rows["threads"].append(((time.perf_counter() - started) * scale, cpu * scale))
            torch.set_num_threads(1)

    def compared(way: str, clock: int) -> dict[str, float]:
        return figures(
            [(a[clock], b[clock]) for a, b in zip(rows["alone"], rows[way], strict=True)]
        )

    ways = {"two_processes_with_half_each": "halves", "one_process_with_two_threads": "threads"}
    return {
        "world": "maze",
        "width": width,
        "population": population,
        **{name: {"wall": compared(way, 0), "cpu": compared(way, 1)} for name, way in ways.items()},
    }


def main() -> None:
    """Write `results/population-training.json`."""
    torch.set_num_threads(1)
    train_together(specs("maze", WIDTHS[0], 2))
    cells = [("maze", w, p) for w in WIDTHS for p in POPULATIONS]
    cells += [("regression", w, 8) for w in WIDTHS]
    content = {
        "steps": BUDGET.steps,
        "batch_size": BUDGET.batch_size,
        "rounds": ROUNDS,
        "one_thread_cpu_milliseconds_per_organism_and_step": [one_thread(*c) for c in cells],
        "two_cores_milliseconds_per_organism_and_step": [two_cores(w, 8) for w in WIDTHS],
        **machine(),
    }
    path = RESULTS / "population-training.json"
    write_result(path, content)
    print(path)


if __name__ == "__main__":
    main()
