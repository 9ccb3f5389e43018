"""What a network that decides could hold: the goal, the step to each objective, its context."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from probes.world.environment import Environment, Instances


def decision_targets(environment: Environment[Any], instances: Instances) -> dict[str, Tensor]:
    """Labels by name, by instance or by instance and decision; some may be of one class only.

    * `goal`: decision at which the base objective is fulfilled;
    * `step to OBJECTIVE`: at every decision the first optimal action of a candidate objective, or
      a class of its own where there is none;
    * `slot NUMBER`: value of a context slot.
    """
    labels: dict[str, Tensor] = {"goal": environment.goal(instances)}
    for objective in environment.candidate_objectives:
        optimal = environment.optimal(instances, objective)
        none = torch.full(optimal.shape[:2], optimal.shape[2], device=optimal.device)
        first = optimal.int().argmax(dim=2)
        labels[f"step to {objective}"] = torch.where(optimal.any(dim=2), first, none)
    context = getattr(instances, "context", None)
    if isinstance(context, Tensor):
        for slot in range(environment.context.n_slots):
            labels[f"slot {slot}"] = context[:, slot]
    return {name: values.cpu() for name, values in labels.items()}
