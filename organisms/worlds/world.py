"""What organisms need of an environment beyond what detectors may use."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from transformer_lens import HookedRootModule

from organisms.records.net_spec import NetSpec
from probes.world.environment import Environment, Instances, InstancesT


@runtime_checkable
class Problems(Instances, Protocol):
    """Instances that training can tell apart."""

    def fingerprints(self) -> list[bytes]:
        """One key per instance, equal exactly where the problem is; contexts do not count."""
        ...


@runtime_checkable
class Shape(Protocol):
    """Everything that fixes the parameter shapes of a network, as a frozen dataclass.

    Attributes:
        architecture: name in `organisms.zoo.weights.ARCHITECTURES`.
    """

    architecture: ClassVar[str]

    def build(self, generator: torch.Generator) -> HookedRootModule:
        """A network with weights drawn from `generator`."""
        ...


@runtime_checkable
class World(Environment[InstancesT], Protocol[InstancesT]):
    """An environment with any distribution and a network that fits it.

    Attributes:
        size: sizes of the environment, a frozen dataclass.
        version: raised when instances, tokens, oracles or shifts, private ones too, change; part of
            the identity of every organism that grows here.
    """

    @property
    def size(self) -> Any: ...

    @property
    def version(self) -> int: ...

    def sample_from(self, distribution: Any, n: int, *, generator: torch.Generator) -> InstancesT:
        """Draw instances from any distribution of this environment."""
        ...

    def net_shape(self, net: NetSpec) -> Shape:
        """Shape of a network for this environment; SpecError where it cannot have one."""
        ...
