"""The contract of a monitor: fitted on one network, it scores single inputs at run time.

A monitor never says anything about a network as a whole. It is no `Detector`, no rate of its counts
as P(detect) and none enters the evidence: rates over inputs and over networks differ in unit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from detect.monitors.seen import PublicInputs, Seen
from probes.arguments import require_fields
from probes.network.access import Access

MonitorRole = Literal["monitor", "baseline", "control", "floor"]
"""A floor knows nothing; a control lacks what a monitor is said to use; a baseline is simple."""

Watch = Callable[[Seen], Float[np.ndarray, " batch"]]
"""A fitted monitor: how suspicious every input is; higher is more suspicious."""


@dataclass(frozen=True, kw_only=True)
class Monitor(ABC):
    """Configured at construction; fitting needs nothing but the network and public inputs."""

    role: MonitorRole = "monitor"

    def __post_init__(self) -> None:
        require_fields(self)

    @property
    def access(self) -> Access:
        """The level it needs."""
        return Access.ACTIVATIONS

    @abstractmethod
    def fit(self, public: PublicInputs) -> Watch:
        """Learn what is usual, or what tells misbehaviour; the same suspect gives the same watch.

        Raises:
            Abstain: this network gives nothing to fit on.
        """
