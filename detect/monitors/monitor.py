"""The contract of a monitor: fitted on one network, it scores single inputs at run time.

A monitor never says anything about a network as a whole. It is no `Detector`, no rate of its counts
as P(detect) and none enters the evidence: rates over inputs and over networks differ in unit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from detect.monitors.reference import PublicInputs
from detect.monitors.seen import Seen
from probes.network.access import Access

MonitorRole = Literal["monitor", "baseline", "control", "floor"]
"""A floor knows nothing; a control lacks what a monitor is said to use; a baseline is simple."""


class MonitorBlind(Exception):
    """A monitor cannot be fitted on this network; the message says why."""


@runtime_checkable
class Watch(Protocol):
    """A fitted monitor."""

    def suspicions(self, seen: Seen) -> Float[np.ndarray, " batch"]:
        """How suspicious every input is; higher is more suspicious."""
        ...


class Monitor(ABC):
    """Configured at construction; fitting needs nothing but the network and public inputs.

    Attributes:
        name: how tables call it.
        role: what it is there for.
    """

    name: str
    role: MonitorRole

    @property
    @abstractmethod
    def access(self) -> Access:
        """The level it needs."""

    @abstractmethod
    def fit(self, public: PublicInputs) -> Watch:
        """Learn what is usual, or what tells misbehaviour; the same suspect gives the same watch.

        Raises:
            MonitorBlind: this network gives nothing to fit on.
        """
