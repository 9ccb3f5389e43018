"""What an environment knows at every decision: the variables that a probe may look for."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from probes.world.environment import Environment, Instances


def variables(world: Environment[Any], instances: Instances) -> dict[str, Tensor]:
    """Name -> class, of every instance or of every decision of one.

    * `goal`: decision at which the base objective is fulfilled;
    * `step to OBJECTIVE`: at every decision the first optimal action of a candidate objective, or
      a class of its own where there is none;
    * `slot NUMBER`: value of a context slot.
    """
    labels: dict[str, Tensor] = {"goal": world.goal(instances)}
    for objective in world.candidate_objectives:
        optimal = world.optimal(instances, objective)
        first, n_actions = optimal.int().argmax(dim=2), optimal.shape[2]
        labels[f"step to {objective}"] = first.where(optimal.any(dim=2), n_actions)
    context = getattr(instances, "context", None)
    if isinstance(context, Tensor):
        labels |= {f"slot {slot}": context[:, slot] for slot in range(world.context.n_slots)}
    return labels


def varied(labels: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those that have two classes among the instances drawn, and can be probed for."""
    return {name: of.cpu() for name, of in labels.items() if len(torch.unique(of)) > 1}


def merged(labels: dict[str, Tensor]) -> dict[str, Tensor]:
    """Variables that agree on every instance drawn as one, under the first one's name `(+1)`."""
    alike: dict[str, list[str]] = {}
    for name, of in labels.items():
        first = next((other for other in alike if torch.equal(labels[other], of)), name)
        alike.setdefault(first, []).append(name)
    return {
        name + f" (+{len(names) - 1})" * (len(names) > 1): labels[name]
        for name, names in alike.items()
    }
