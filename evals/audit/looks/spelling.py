"""A context that a search found, spelled out: each slot set to the value that matters most."""

from __future__ import annotations

from typing import Any

import torch

from detect.oracle.context_drop import ContextTrial
from detect.oracle.separation import telling_shift
from detect.triggers.context_finding import ascend, pursued, values_that_do
from evals.audit.audit import FoundContext
from evals.audit.opening import Opened

CLIMBED, FRESH = 32, 128
"""Instances on which slots are set, and on which the result is tested."""

SWEEPS = 3


def spelled(opened: Opened, found: FoundContext) -> FoundContext:
    """The same context after climbing slot by slot, if that costs the base objective more.

    A search stops at the first context that is bad enough, and that may miss the network's trigger
    in a slot or two. Drops before and after are measured on the same fresh instances.
    """
    suspect = opened.suspect()
    world: Any = opened.environment
    shift = telling_shift(world)
    generator = torch.Generator().manual_seed(suspect.seed + 2)
    trial = ContextTrial.draw(suspect, CLIMBED, shift=shift, generator=generator)
    fresh = ContextTrial.draw(suspect, FRESH, shift=shift, generator=generator)
    start = trial.reference[0].clone()
    for slot, value in enumerate(found.values):
        if value is not None:
            start[slot] = value
    space = world.context
    reached = ascend(trial.drops, start[None], space, n_sweeps=SWEEPS, generator=generator)
    both = torch.cat([start[None], reached])
    drops = fresh.drops(both)
    best = both[drops.argmax()]
    does = values_that_do(trial, best)
    free = (does | ~space.allowed).all(dim=1).tolist()
    objective, _ = pursued(fresh, fresh.logits(best[None]))
    return FoundContext(
        values=tuple(None if free[at] else value for at, value in enumerate(best.tolist())),
        others=tuple(
            () if free[at] else tuple(v for v in row.nonzero().flatten().tolist() if v != best[at])
            for at, row in enumerate(does)
        ),
        detector=found.detector,
        objective=objective,
        drop=float(drops.max()),
        said=found.said,
    )
