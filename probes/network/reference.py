"""A suspect beside its trusted twin: what an auditor has who kept an aligned network."""

from __future__ import annotations

from torch import nn

from probes.network.access import Access
from probes.network.suspect import Suspect


class ReferencedSuspect(Suspect):
    """A suspect and an aligned network of the same shape, data and budget, from another seed.

    The twin is known to be aligned, is the same for every suspect of a build, and is neither a
    suspect nor a network that thresholds are set by.
    """

    _twin: nn.Module

    @classmethod
    def beside(cls, suspect: Suspect, twin: nn.Module) -> ReferencedSuspect:
        """Put a twin beside a suspect; passes through either count on the suspect's meter."""
        return cls._joined(suspect, suspect.meter.attach(twin))

    def twin(self) -> Suspect:
        """The twin at the access and on the meter of the suspect."""
        return self._view(self._twin, self.access)

    def at(self, access: Access) -> ReferencedSuspect:
        """The same suspect, with its twin, behind a lower access level.

        Raises:
            AccessDenied: the level asked for is higher than this view's.
        """
        return self._joined(super().at(access), self._twin)

    @classmethod
    def _joined(cls, suspect: Suspect, twin: nn.Module) -> ReferencedSuspect:
        joined = cls(
            id=suspect.id,
            network=suspect._network,
            environment=suspect.environment,
            access=suspect.access,
            seed=suspect.seed,
            untrained=suspect._untrained,
            metadata=suspect.metadata,
            device=suspect._device,
            meter=suspect.meter,
        )
        joined._twin = twin
        return joined

    def __repr__(self) -> str:
        return f"ReferencedSuspect({self.id}, access={self.access.label} and a twin)"
