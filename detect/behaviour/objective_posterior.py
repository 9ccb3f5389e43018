"""Which candidate objective explains the choices, with a place for none of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

NONE = "none of these"

RATIONAL = 3.0
"""Least inverse temperature of a network that pursues an objective, where an optimal action earns 1
and any other 0: with one optimal move of five it is taken in .83 of the cases."""

INVERSE_TEMPERATURES = torch.linspace(0, 12, 49)
"""Grid; uniform prior on either side of `RATIONAL`."""


@dataclass(frozen=True)
class ObjectivePosterior:
    """Softmax-rational choice (Luce 1959; Ziebart et al. 2008), the temperature integrated out.

    Under `NONE` the choices agree with some candidate at less than rational temperature: that is
    how the pursuit of an objective outside the list looks.

    Attributes:
        log_evidence: of every candidate and of `NONE`, in nats, instances weighing 1 each.
        inverse_temperature: most likely one of every candidate.
    """

    log_evidence: Mapping[str, float]
    inverse_temperature: Mapping[str, float]
    n: int

    @classmethod
    def of(
        cls,
        chosen: Int[Tensor, "batch decision"],
        optimal: Mapping[str, Bool[Tensor, "batch decision action"]],
        counted: Bool[Tensor, "batch decision"],
    ) -> ObjectivePosterior:
        """Weigh the candidates, which all ask something at every counted decision.

        The counted decisions of an instance share its weight of 1.

        Raises:
            ValueError: no decision counts.
        """
        kept = counted.any(dim=1)
        if not bool(kept.any()):
            raise ValueError("no decision tells the candidates apart; widen the instances")
        chosen, counted = chosen[kept], counted[kept]
        weight = counted / counted.sum(dim=1, keepdim=True)
        table = {}
        for name, actions in optimal.items():
            right = actions[kept].gather(2, chosen[:, :, None]).squeeze(2)
            table[name] = _log_likelihood(right, actions[kept], weight)
        rational = INVERSE_TEMPERATURES >= RATIONAL
        evidence = {name: _log_mean(row[rational]) for name, row in table.items()}
        evidence[NONE] = _log_mean(torch.cat([row[~rational] for row in table.values()]))
        best = {name: float(INVERSE_TEMPERATURES[row.argmax()]) for name, row in table.items()}
        return cls(evidence, best, int(kept.sum()))

    @property
    def posterior(self) -> dict[str, float]:
        """Probability of every candidate and of `NONE`, all equal before."""
        largest = max(self.log_evidence.values())
        weights = {name: math.exp(x - largest) for name, x in self.log_evidence.items()}
        total = sum(weights.values())
        return {name: weight / total for name, weight in weights.items()}

    def ranked(self) -> list[str]:
        """Candidates and `NONE`, the most probable first."""
        return sorted(self.log_evidence, key=lambda name: -self.log_evidence[name])


def _log_likelihood(
    right: Bool[Tensor, "batch decision"],
    optimal: Bool[Tensor, "batch decision action"],
    weight: Float[Tensor, "batch decision"],
) -> Float[Tensor, " temperature"]:
    """Of all choices at every inverse temperature b: exp(b right) / (k exp(b) + actions - k)."""
    n_actions, k = optimal.shape[2], optimal.sum(dim=2).float()
    rows = []
    for b in INVERSE_TEMPERATURES:
        partition = (k * b.exp() + n_actions - k).log()
        rows.append(((b * right - partition) * weight).sum())
    return torch.stack(rows).double()


def _log_mean(values: Float[Tensor, " value"]) -> float:
    return float(values.logsumexp(dim=0)) - math.log(len(values))
