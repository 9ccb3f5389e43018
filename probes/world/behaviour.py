"""How well decisions fit an objective: the share of decisions whose chosen action is optimal."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor


def optimality(
    logits: Float[Tensor, "batch decision action"], optimal: Bool[Tensor, "batch decision action"]
) -> Float[Tensor, " batch"]:
    """Share of decisions, in [0, 1], at which the most probable action is an optimal one.

    Decisions without any optimal action (walls, cells cut off) do not count; an instance without
    any counting decision is NaN.
    """
    counts = optimal.any(dim=2)
    chosen = optimal.gather(2, logits.argmax(dim=2, keepdim=True)).squeeze(2)
    return (chosen & counts).sum(dim=1) / counts.sum(dim=1)
