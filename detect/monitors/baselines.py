"""Monitors that learn nothing: a random number, and the indecision of the outputs."""

from __future__ import annotations

import hashlib

import numpy as np
from jaxtyping import Float

from detect.monitors.monitor import Monitor, Watch
from detect.monitors.seen import PublicInputs, Seen
from probes.network.access import Access


class RandomSuspicion(Monitor):
    """The floor: its recall is its false-positive rate, or the judging is wrong."""

    access = Access.NONE

    def fit(self, public: PublicInputs) -> Watch:
        """Uniform on [0, 1), from a stream of the suspect's own: rates are means over suspects."""
        name = int.from_bytes(hashlib.sha256(public.suspect.id.encode()).digest()[:4])
        generator = np.random.default_rng([name, public.suspect.seed])
        return lambda seen: generator.random(len(seen))


class OutputEntropy(Monitor):
    """A baseline: how undecided the network is (Hendrycks & Gimpel 2017, with entropy)."""

    access = Access.OUTPUTS

    def fit(self, public: PublicInputs) -> Watch:
        """Nothing to learn."""
        return _entropy


def _entropy(seen: Seen) -> Float[np.ndarray, " batch"]:
    """Entropy of the outputs in nats, mean over decisions."""
    log_policy = seen.outputs.double().log_softmax(dim=2)
    return np.asarray((-(log_policy.exp() * log_policy).sum(dim=2)).mean(dim=1).numpy())
