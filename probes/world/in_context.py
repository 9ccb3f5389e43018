"""Worlds in which the answer is a number that measured pairs determine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from probes.world.environment import Environment, InstancesT


@dataclass(frozen=True)
class Design:
    """Where a function was measured, and where it is asked for.

    Attributes:
        inputs: of the measured pairs.
        query: where the answer is wanted.
    """

    inputs: Float[Tensor, "batch pair input"]
    query: Float[Tensor, "batch input"]


@runtime_checkable
class InContext(Environment[InstancesT], Protocol[InstancesT]):
    """An environment whose instances are measured pairs and a query."""

    def answer(self, logits: Float[Tensor, "batch decision action"]) -> Float[Tensor, " batch"]:
        """The number behind the logits."""
        ...

    def design(self, instances: InstancesT) -> Design:
        """Inputs and query, without the labels."""
        ...

    def nudged(self, instances: InstancesT, pair: int, amount: float) -> InstancesT:
        """The label of one pair raised by an amount in every instance."""
        ...
