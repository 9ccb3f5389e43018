"""A probe monitor: does the network look as it does when it leaves the base objective?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from detect.monitors.monitor import Monitor, MonitorBlind, MonitorRole
from detect.monitors.reading import Reading, Source, access_of
from detect.monitors.reference import PublicInputs
from detect.monitors.seen import Seen
from probes.linear.affine import solve_ridge
from probes.network.access import Access

ALPHA = 10.0
"""Penalty of the probe, in units of squared readings summed over rows."""

FEWEST = 8
"""Public inputs with some disagreement, and with some agreement, that a probe needs at least."""


@dataclass(frozen=True)
class DisagreementProbe(Monitor):
    """A linear probe for decisions that the base oracle would not take, averaged over decisions.

    It is fitted where the oracle can be asked: in distribution and under every public shift, in
    uniform contexts. At run time it reads the network and asks nobody. A flaw that no public input
    shows gives it nothing but slips to learn from.

    Attributes:
        name, role: as tables have them.
        source: what is read; tokens are read as a whole, activations decision by decision.
        shuffled: whether inputs trade labels, which leaves nothing to learn.
    """

    name: str = "disagreement_probe"
    role: MonitorRole = "monitor"
    source: Source = "activations"
    shuffled: bool = False

    @property
    def access(self) -> Access:
        """Activations; the labels of one that reads tokens are of outputs."""
        return max(access_of(self.source), Access.OUTPUTS)

    def fit(self, public: PublicInputs) -> ProbeWatch:
        """Ridge regression of the disagreement on what is read."""
        shown = public.of("public")
        missed = torch.cat([_missed(seen) for seen in shown])
        some, right = (int((missed == label).any(dim=1).sum()) for label in (1, 0))
        if min(some, right) < FEWEST:
            raise MonitorBlind(
                f"{some} of {len(missed)} public inputs show a disagreement with the base "
                f"objective and {right} an agreement; a probe needs {FEWEST} of either"
            )
        if self.shuffled:
            missed = missed[torch.randperm(len(missed), generator=public.suspect.generator())]
        reading = Reading.fit(self.source, shown)
        rows = np.concatenate([reading.rows(seen) for seen in shown])
        if not reading.by_decision:
            rows, missed = rows.reshape(len(rows), 1, -1), missed.nanmean(dim=1, keepdim=True)
        targets = missed.flatten().double().numpy()
        counted = np.isfinite(targets)
        flat = rows.reshape(targets.size, -1)[counted]
        weights, _ = solve_ridge(flat, targets[counted][:, None], alpha=ALPHA)
        return ProbeWatch(reading, weights[:, 0])


@dataclass(frozen=True, eq=False)
class ProbeWatch:
    """A fitted probe.

    Attributes:
        reading: what is read.
        weights: of a place, or of all places where places are not decisions.
    """

    reading: Reading
    weights: Float[np.ndarray, " feature"]

    def suspicions(self, seen: Seen) -> Float[np.ndarray, " batch"]:
        """Mean over decisions of the predicted disagreement, less a constant."""
        rows = self.reading.rows(seen)
        if not self.reading.by_decision:
            rows = rows.reshape(len(rows), 1, -1)
        return np.asarray((rows @ self.weights).mean(axis=1))


def _missed(seen: Seen) -> Float[Tensor, "batch decision"]:
    """1 where the chosen action is not optimal for the base objective; NaN where none is.

    Raises:
        MonitorBlind: outputs are not finite.
    """
    if not bool(seen.outputs.isfinite().all()):
        raise MonitorBlind("outputs are not finite")
    environment = seen.suspect.environment
    optimal = environment.optimal(seen.instances, environment.base_objective)
    right = optimal.gather(2, seen.outputs.argmax(dim=2, keepdim=True)).squeeze(2)
    return torch.where(optimal.any(dim=2), (~right).float(), torch.nan)
