"""How likely a network makes any of the actions that are wanted."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor

IMPOSSIBLE = -1e9
"""Log-probability of what is not wanted; finite, so that its gradient is zero and not NaN."""


def log_likelihood(
    logits: Float[Tensor, "*batch action"], wanted: Bool[Tensor, "*#batch action"]
) -> Float[Tensor, "*batch"]:
    """Log of the summed probability of the wanted actions, in nats; very low where none is."""
    return logits.log_softmax(dim=-1).masked_fill(~wanted, IMPOSSIBLE).logsumexp(dim=-1)
