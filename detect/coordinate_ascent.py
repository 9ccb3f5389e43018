"""Climb from random contexts, one slot at a time, towards the largest value of any objective."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from detect.context_drop import Contexts, random_contexts
from probes.environment import ContextSpace

Objective = Callable[[Tensor], Float[Tensor, " context"]]
"""Contexts -> how much each changes the network; higher is climbed towards."""


def ascend(
    objective: Objective,
    space: ContextSpace,
    *,
    n_restarts: int,
    n_sweeps: int,
    generator: torch.Generator,
) -> Contexts:
    """Set each slot in turn to its best value; all values of all restarts share a batch.

    Restarts that meet are merged, and one that a whole sweep leaves unchanged is done.

    Args:
        objective: what to climb.
        space: slots and values.
        n_restarts: random contexts to start from.
        n_sweeps: passes over all slots, each in a fresh order.
        generator: source of all randomness.

    Returns:
        The distinct contexts reached.
    """
    climbing = random_contexts(space, n_restarts, generator=generator)
    done: list[Tensor] = []
    for _ in range(n_sweeps):
        before = climbing.clone()
        for slot in torch.randperm(space.n_slots, generator=generator).tolist():
            tried = climbing.repeat_interleave(space.n_values, dim=0)
            tried[:, slot] = torch.arange(space.n_values).repeat(len(climbing))
            values = objective(tried).view(len(climbing), space.n_values)
            climbing[:, slot] = values.argmax(dim=1)
        settled = (climbing == before).all(dim=1)
        done.append(climbing[settled])
        climbing = torch.unique(climbing[~settled], dim=0)
        if len(climbing) == 0:
            break
    reached: Contexts = torch.unique(torch.cat([*done, climbing]), dim=0)
    return reached
