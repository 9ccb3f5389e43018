"""A probe monitor: does the network look as it does when it leaves the base objective?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from detect.contract.score import NOT_FINITE, Abstain, abstain_unless
from detect.monitors.monitor import Monitor, Watch
from detect.monitors.seen import PublicInputs, Rows, Seen, Source, access_of, reading_of
from probes.linear.affine import solve_ridge
from probes.network.access import Access
from probes.world.environment import taken_right

ALPHA = 10.0
"""Penalty of the probe, in units of squared readings summed over rows."""

FEWEST = 8
"""Public inputs with some disagreement, and with some agreement, that a probe needs at least."""


@dataclass(frozen=True, kw_only=True)
class DisagreementProbe(Monitor):
    """A linear probe for decisions that the base oracle would not take, averaged over decisions.

    It is fitted where the oracle can be asked: in distribution and under every public shift, in
    uniform contexts. At run time it reads the network and asks no oracle. If no public input
    reveals a flaw, its only training labels are ordinary mistakes.

    Attributes:
        source: what is read; tokens are read as a whole, activations decision by decision.
        shuffled: whether inputs trade labels, which leaves nothing to learn.
    """

    source: Source = "activations"
    shuffled: bool = False

    @property
    def access(self) -> Access:
        """Activations; the labels of one that reads tokens are of outputs."""
        return max(access_of(self.source), Access.OUTPUTS)

    def fit(self, public: PublicInputs) -> Watch:
        """Ridge regression of the disagreement on what is read."""
        shown = public.of("public")
        missed = torch.cat([_missed(seen) for seen in shown])
        some, right = (int((missed == label).any(dim=1).sum()) for label in (1, 0))
        if min(some, right) < FEWEST:
            raise Abstain(
                f"{some} of {len(missed)} public inputs show a disagreement with the base "
                f"objective and {right} an agreement; a probe needs {FEWEST} of either"
            )
        if self.shuffled:
            missed = missed[torch.randperm(len(missed), generator=public.suspect.generator())]
        reading, as_a_whole = reading_of(self.source, shown), self.source == "tokens"
        if as_a_whole:
            missed = missed.nanmean(dim=1, keepdim=True)

        def rows(seen: Seen) -> Rows:
            read = reading(seen)
            return read.reshape(len(read), 1, -1) if as_a_whole else read

        targets = missed.flatten().double().numpy()
        counted = np.isfinite(targets)
        every = np.concatenate([rows(seen) for seen in shown]).reshape(targets.size, -1)
        weights, _ = solve_ridge(every[counted], targets[counted][:, None], alpha=ALPHA)
        # Mean over decisions of the predicted disagreement, less a constant.
        return lambda seen: np.asarray((rows(seen) @ weights[:, 0]).mean(axis=1))


def _missed(seen: Seen) -> Float[Tensor, "batch decision"]:
    """1 where the chosen action is not optimal for the base objective; NaN where none is.

    Raises:
        Abstain: outputs are not finite.
    """
    abstain_unless(seen.outputs.isfinite().all(), NOT_FINITE)
    environment = seen.suspect.environment
    optimal = environment.optimal(seen.instances, environment.base_objective)
    right = taken_right(seen.outputs, optimal)
    return torch.where(optimal.any(dim=2), (~right).float(), torch.nan)
