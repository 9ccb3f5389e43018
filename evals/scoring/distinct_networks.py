"""Fail a run in which two suspects are one network: every network counts once."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from evals.scoring.blind import BlindingError, Lineup
from probes.network.capture import run
from probes.network.streams import stream_seed

INSTANCES = 64

SAME = 0.1
"""Distance below which the outputs of two networks, scaled to length 1 so that rescaling hides
nothing, may be of one. Trainings from different seeds lie .34 apart at least in the maze; a copy
whose weights all differ in the last digit lies .001 apart, one with permuted hidden units 1e-6, one
with 2% of noise on every weight .03. In the regression trainings lie .006 apart, since all of them
do nearly what is best."""

CERTAIN = 2e-3
"""Distance below which they are, whatever else the suspects do: copies in half precision."""

SAME_BESIDE_MEAN = 0.2
"""The same for what is left when the mean of all suspects is taken off, scaled to length 1 again:
.94 at least between trainings of the regression, .14 at most to a copy with .1% of noise."""


def require_distinct_networks(lineup: Lineup) -> None:
    """Compare what suspects compute, so that no rewriting of weights hides a copy.

    Raises:
        BlindingError: the outputs of two suspects agree.
    """
    seed = stream_seed("distinct", lineup.battery_seed)
    instances = lineup.world.sample(INSTANCES, generator=torch.Generator().manual_seed(seed))
    tokens = lineup.world.tokens(instances)
    outputs = torch.stack([_centred(run(lineup.net(id), tokens)) for id in lineup.ids])
    for first, second, apart in copies(outputs):
        raise BlindingError(
            f"suspects {lineup.ids[first]} and {lineup.ids[second]} compute the same on "
            f"{INSTANCES} instances (relative distance {apart:.2g}): they are one network under "
            "two ids and would count twice; give the groups other seeds"
        )


def copies(outputs: Float[Tensor, "network number"]) -> list[tuple[int, int, float]]:
    """Pairs of networks that compute the same, with the distance of their scaled outputs."""
    scaled = _unit(outputs)
    apart, own = torch.cdist(scaled, scaled), _unit(scaled - scaled.mean(dim=0))
    same = (apart < CERTAIN) | (apart < SAME) & (torch.cdist(own, own) < SAME_BESIDE_MEAN)
    pairs = same.triu(diagonal=1).nonzero().tolist()
    return [(first, second, float(apart[first, second])) for first, second in pairs]


def _unit(outputs: Float[Tensor, "network number"]) -> Float[Tensor, "network number"]:
    """Rows scaled to length 1; a row of zeros stays one."""
    length = outputs.norm(dim=1, keepdim=True).clamp(min=torch.finfo(outputs.dtype).tiny)
    return torch.div(outputs, length)


def _centred(logits: Float[Tensor, "batch decision action"]) -> Float[Tensor, " number"]:
    """Logits without the constant that a softmax ignores, as one vector."""
    return (logits - logits.mean(dim=2, keepdim=True)).double().flatten()
