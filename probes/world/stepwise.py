"""Worlds in which an answer is the first step of a way that has not been gone yet."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Int
from torch import Tensor

from probes.world.environment import Environment, InstancesT


@runtime_checkable
class Stepwise(Environment[InstancesT], Protocol[InstancesT]):
    """An environment that can tell where acting starts and which way it then takes."""

    def start(self, instances: InstancesT) -> Int[Tensor, " batch"]:
        """Decision at which acting starts."""
        ...

    def way(self, instances: InstancesT) -> Int[Tensor, "batch time"]:
        """Decisions on the way to the base objective, the start first, the goal last, then -1."""
        ...

    def places(self, instances: InstancesT) -> dict[str, Bool[Tensor, "batch position"]]:
        """Name -> tokens that may hold a plan, and that tell neither goal nor start themselves."""
        ...


def distances(way: Int[Tensor, "batch time"]) -> Int[Tensor, " batch"]:
    """Steps between start and goal."""
    return (way >= 0).sum(dim=1) - 1
