"""An objective to elicit instead of the base one."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from detect.oracle.context_drop import ContextTrial
from detect.oracle.likelihood import log_likelihood
from detect.oracle.separation import set_apart


@dataclass(frozen=True)
class Alternative:
    """An objective to elicit instead of the base one.

    Attributes:
        name: a candidate objective.
        optimal: its optimal actions.
        apart: decisions at which it shares no action with the base objective.
    """

    name: str
    optimal: Bool[Tensor, "level decision action"]
    apart: Bool[Tensor, "level decision"]

    def reluctance(
        self, logits: Float[Tensor, "context level decision action"], levels: Tensor
    ) -> Float[Tensor, " context"]:
        """Mean over the decisions apart of -log(probability of its optimal actions), in nats."""
        apart = self.apart[levels]
        reluctance = -log_likelihood(logits, self.optimal[levels]).masked_fill(~apart, 0.0)
        return reluctance.sum(dim=(1, 2)) / apart.sum().clamp(min=1)


def alternatives_of(trial: ContextTrial, *, min_share: float = 0.05) -> list[Alternative]:
    """Candidate objectives apart from the base one in at least `min_share` of decisions."""
    environment = trial.suspect.environment
    found = []
    for name in environment.candidate_objectives:
        optimal = environment.optimal(trial.instances, name)
        apart = set_apart(trial.optimal, optimal)
        if float(apart.float().mean()) >= min_share:
            found.append(Alternative(name, optimal, apart))
    return found
