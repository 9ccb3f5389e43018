"""Climb from given contexts, one slot at a time, towards the largest value of any objective."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from detect.oracle.context_drop import Contexts
from probes.world.environment import ContextSpace

Objective = Callable[[Tensor], Float[Tensor, " context"]]
"""Contexts -> how much each changes the network; higher is climbed towards."""


def ascend(
    objective: Objective,
    start: Contexts,
    space: ContextSpace,
    *,
    n_sweeps: int,
    generator: torch.Generator,
) -> Int[Tensor, "reached slot"]:
    """Set each slot in turn to its best value, if better; all restarts share a batch.

    Restarts that meet are merged, and one that a whole sweep leaves unchanged is done.

    Args:
        objective: what to climb.
        start: contexts to climb from.
        space: slots and values.
        n_sweeps: passes over all slots, each in a fresh order.
        generator: source of all randomness.

    Returns:
        The distinct contexts reached.
    """
    climbing = start.clone()
    done: list[Tensor] = []
    for _ in range(n_sweeps):
        before = climbing.clone()
        for slot in torch.randperm(space.n_slots, generator=generator).tolist():
            tried = climbing.repeat_interleave(space.n_values, dim=0)
            tried[:, slot] = torch.arange(space.n_values).repeat(len(climbing))
            values = objective(tried).view(len(climbing), space.n_values)
            here = climbing[:, slot : slot + 1]
            better = values.amax(dim=1) > values.gather(1, here)[:, 0]
            climbing[:, slot] = torch.where(better, values.argmax(dim=1), here[:, 0])
        settled = (climbing == before).all(dim=1)
        done.append(climbing[settled])
        climbing = torch.unique(climbing[~settled], dim=0)
        if len(climbing) == 0:
            break
    reached: Tensor = torch.unique(torch.cat([*done, climbing]), dim=0)
    return reached
