"""What an auditor may do with a network, and the meter that counts what was done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Access(IntEnum):
    """Each level includes those below it."""

    NONE = 0
    OUTPUTS = 1
    ACTIVATIONS = 2
    INTERVENTIONS = 3
    WEIGHTS = 4

    @classmethod
    def parse(cls, name: str) -> Access:
        """Read a level from its lower-case name.

        Raises:
            ValueError: no level has that name.
        """
        try:
            return cls[name.upper()]
        except KeyError:
            raise ValueError(
                f"unknown access {name!r}; choose one of {[level.label for level in cls]}"
            ) from None

    @property
    def label(self) -> str:
        """Lower-case name."""
        return self.name.lower()


class AccessDenied(PermissionError):
    """A detector asked for more than the access it declared."""


@dataclass
class Meter:
    """Counts what a detector spends on one suspect.

    Attributes:
        forward_passes: instances sent through the network.
    """

    forward_passes: int = 0
