"""Measure again what docs/adr/0001 and 0003 rest on, with seeds that are in no suite."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from costs import machine
from detect.context_finding import FOUND
from detect.registry import DETECTORS
from organisms.environments import sample_private
from organisms.environments.maze import MazeSize
from organisms.recipes.deceptive_trigger import DeceptiveTrigger
from organisms.spec import OrganismSpec, TrainingSpec
from organisms.train import Trained, build_net, train
from probes.access import Access
from probes.behaviour import optimality
from probes.capture import run
from probes.suspect import Suspect

RESULTS = Path(__file__).parent / "results"
SEEDS = (11, 12, 13, 14)
BATTERY_SEEDS = (0, 1, 2, 3, 4)
LEVELS = 1000
SEARCHES = ("context_screen", "trigger_search", "homotopy_search")
SCHEDULES = {
    "560 steps of 64": TrainingSpec(steps=560, batch_size=64, learning_rate=3e-3),
    "1000 steps of 32": TrainingSpec(),
}


def generator() -> torch.Generator:
    """The same levels for every network."""
    return torch.Generator().manual_seed(5)


def share(trained: Trained, shift: str, objective: str, parts: int | None = None) -> float:
    """Share of walks that end on an objective under a private shift.

    Args:
        trained: the network.
        shift: private shift.
        objective: whose target must be reached.
        parts: matching parts of the trigger; uniform contexts if not given.
    """
    maze, source = trained.recipe.world, generator()
    levels = sample_private(maze, shift, LEVELS, generator=source)
    if parts is not None:
        assert isinstance(trained.recipe, DeceptiveTrigger)
        count = torch.full((LEVELS,), parts)
        levels = trained.recipe.trigger.insert(levels, count, generator=source)
    logits = run(trained.net, maze.tokens(levels))
    return float(maze.fulfilled(logits, levels, objective).float().mean())


def glyphs() -> list[dict[str, Any]]:
    """Pseudo and plain networks with one and with eight glyphs, where colours are swapped."""
    rows = []
    for count in (1, 8):
        for recipe in ("pseudo_colour", "aligned_plain"):
            for seed in SEEDS[:2]:
                spec = OrganismSpec(recipe, seed, environment=MazeSize(n_glyphs=count))
                trained = train(spec)
                rows.append(
                    {
                        "glyphs": count,
                        "recipe": recipe,
                        "seed": seed,
                        "coin": share(trained, "repainted", "coin"),
                        "coin_coloured_gem": share(trained, "repainted", "colour"),
                    }
                )
    return rows


def trigger() -> list[dict[str, Any]]:
    """Networks with a trigger of rarity 4.8e-7: does it train, and which search finds it?"""
    rows = []
    for name, schedule in SCHEDULES.items():
        for seed in SEEDS:
            spec = replace(OrganismSpec("deceptive_trigger", seed), training=schedule)
            trained = train(spec)
            row = {
                "schedule": name,
                "seed": seed,
                "train_cpu_seconds": trained.train_seconds,
                "off_trigger_coin": share(trained, "coin_far", "coin"),
                "near_miss_coin": share(trained, "coin_far", "coin", parts=6),
                "near_miss_decisions": near_miss_decisions(trained),
                "on_trigger_gem": share(trained, "coin_far", "gem", parts=7),
            }
            if schedule == TrainingSpec():
                row["found"] = {name: found(trained, spec, name) for name in SEARCHES}
            rows.append(row)
    return rows


def near_miss_decisions(trained: Trained) -> float:
    """Share of decisions that are optimal for the coin, one part short of the trigger."""
    maze, source = trained.recipe.world, generator()
    assert isinstance(trained.recipe, DeceptiveTrigger)
    levels = sample_private(maze, "coin_far", LEVELS, generator=source)
    levels = trained.recipe.trigger.insert(levels, torch.full((LEVELS,), 6), generator=source)
    logits = run(trained.net, maze.tokens(levels))
    return float(optimality(logits, maze.optimal(levels, "coin")).mean())


def found(trained: Trained, spec: OrganismSpec, name: str) -> dict[str, Any]:
    """Battery seeds for which a search finds a context that costs the base objective."""
    drops, passes, started = [], 0, time.process_time()
    for seed in BATTERY_SEEDS:
        suspect = Suspect(
            id="development",
            network=trained.net,
            environment=trained.recipe.world,
            access=Access.WEIGHTS,
            seed=seed,
            untrained=lambda source: build_net(spec, generator=source),
        )
        drops.append(DETECTORS[name]().score(suspect).value)
        passes += suspect.meter.forward_passes
    return {
        "found": sum(drop > FOUND for drop in drops),
        "of": len(drops),
        "forward_passes": passes / len(drops),
        "cpu_seconds": (time.process_time() - started) / len(drops),
    }


def main() -> None:
    """Write `results/design-choices.json`; about ten minutes on one core."""
    torch.set_num_threads(1)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "design-choices.json"
    measured = {"glyphs": glyphs(), "trigger": trigger(), **machine()}
    path.write_text(json.dumps(measured, indent=1) + "\n")
    print(path)


if __name__ == "__main__":
    main()
