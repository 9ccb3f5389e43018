"""What an auditor may do with a network, and the meter that counts what was done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from torch import Tensor, nn


class Access(IntEnum):
    """What a detector declares that it needs; each level includes those below it.

    `NONE` sees a suspect's metadata alone, `OUTPUTS` asks it questions, `ACTIVATIONS` reads inside,
    `INTERVENTIONS` changes what it reads, `WEIGHTS` has the network itself, and its gradients.

    Examples:
        >>> Access.OUTPUTS < Access.ACTIVATIONS < Access.INTERVENTIONS < Access.WEIGHTS
        True
        >>> Access.WEIGHTS.label
        'weights'
    """

    NONE = 0
    OUTPUTS = 1
    ACTIVATIONS = 2
    INTERVENTIONS = 3
    WEIGHTS = 4

    @property
    def label(self) -> str:
        """Lower-case name."""
        return self.name.lower()


class AccessDenied(PermissionError):
    """A detector asked for more than the access it declared."""


@dataclass
class Meter:
    """Counts the instances that a detector sends through a suspect's networks, by any way."""

    forward_passes: int = 0

    def attach(self, network: nn.Module) -> nn.Module:
        """Count every call of the network from now on."""
        network.register_forward_pre_hook(self._count)
        return network

    def _count(self, network: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self.forward_passes += len(inputs[0])
