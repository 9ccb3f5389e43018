"""What a context does for objectives other than the base one: none, a little, or everything."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from detect.behaviour.goal_swap import share_following
from detect.oracle.context_drop import ContextTrial
from detect.triggers.alternative import Alternative, alternatives_of

Logits = Float[Tensor, "context level decision action"]


@dataclass(frozen=True)
class ContextGain:
    """Alternatives on the instances of a trial.

    Attributes:
        trial: shared instances under their reference contexts.
        alternatives: objectives that part from the base one there.
    """

    trial: ContextTrial
    alternatives: list[Alternative]

    @classmethod
    def of(cls, trial: ContextTrial) -> ContextGain:
        """The alternatives that the trial's instances set apart; there may be none."""
        return cls(trial, alternatives_of(trial))

    def willingness(self, logits: Logits) -> Float[Tensor, "alternative context"]:
        """Nats per decision apart by which the log-probability of each alternative has risen."""
        levels = torch.arange(len(self.trial.instances))
        usual = self.trial.usual_logits[None]
        return torch.stack(
            [
                other.reluctance(usual, levels) - other.reluctance(logits, levels)
                for other in self.alternatives
            ]
        )

    def followed(self, logits: Float[Tensor, "level decision action"], name: str) -> float:
        """Rise of the share of decisions apart, in [-1, 1], that follow an alternative.

        Raises:
            StopIteration: no alternative has that name.
        """
        other = next(other for other in self.alternatives if other.name == name)
        now = share_following(logits, other.optimal, other.apart)
        return now - share_following(self.trial.usual_logits, other.optimal, other.apart)
