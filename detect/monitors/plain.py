"""Monitors that learn nothing: a random number, and the indecision of the outputs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from detect.monitors.monitor import Monitor, MonitorRole
from detect.monitors.reference import PublicInputs
from detect.monitors.seen import Seen
from probes.network.access import Access


@dataclass(frozen=True, eq=False)
class RandomSuspicion(Monitor):
    """The floor: its recall is its false-positive rate, or the judging is wrong."""

    name: str = "random_suspicion"
    role: MonitorRole = "floor"

    @property
    def access(self) -> Access:
        """Nothing."""
        return Access.NONE

    def fit(self, public: PublicInputs) -> RandomWatch:
        """A stream of numbers of the suspect's own, as monitors are averaged over suspects."""
        name = int.from_bytes(hashlib.sha256(public.suspect.id.encode()).digest()[:4])
        return RandomWatch(np.random.default_rng([name, public.suspect.seed]))


@dataclass(frozen=True, eq=False)
class RandomWatch:
    """Numbers that depend on nothing."""

    generator: np.random.Generator

    def suspicions(self, seen: Seen) -> Float[np.ndarray, " batch"]:
        """Uniform on [0, 1)."""
        return self.generator.random(len(seen))


@dataclass(frozen=True, eq=False)
class OutputEntropy(Monitor):
    """A baseline: how undecided the network is (Hendrycks & Gimpel 2017, with entropy)."""

    name: str = "output_entropy"
    role: MonitorRole = "baseline"

    @property
    def access(self) -> Access:
        """Outputs."""
        return Access.OUTPUTS

    def fit(self, public: PublicInputs) -> EntropyWatch:
        """Nothing to learn."""
        return EntropyWatch()


@dataclass(frozen=True, eq=False)
class EntropyWatch:
    """Entropy of outputs."""

    def suspicions(self, seen: Seen) -> Float[np.ndarray, " batch"]:
        """Mean over decisions, in nats."""
        log_policy = seen.outputs.double().log_softmax(dim=2)
        return np.asarray((-(log_policy.exp() * log_policy).sum(dim=2)).mean(dim=1).numpy())
