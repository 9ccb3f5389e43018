"""How surprising the best of many probes is: the maximum over the scan against its own null."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def corrected_p(
    observed: Float[Tensor, "site position target"],
    null: Float[Tensor, "shuffle site position target"],
) -> Float[Tensor, "site position target"]:
    """Maximum-statistic p-values (Westfall and Young 1993), at least 1 / (shuffles + 1).

    The chance that *any* probe of the scan looks as good as this one when no label means anything
    is at most p, however sites, positions and targets hang together: every shuffle moves all of
    them at once. Accuracies of a target are compared after subtracting their mean and dividing by
    their spread over all shuffles, the real labels counted as one of them, so that targets of
    other chance levels can be told apart and the test stays exact (Phipson and Smyth 2010).

    Args:
        observed: accuracy by real labels.
        null: accuracies of the same scan by shuffled labels.

    Raises:
        ValueError: there is no shuffle, or an accuracy is not a number.
    """
    if not len(null):
        raise ValueError("a corrected p-value needs at least one shuffle, got none")
    both = torch.cat([observed[None], null]).double()
    if not bool(both.isfinite().all()):
        raise ValueError("accuracies must be numbers before the best of them can be judged")
    centre = both.mean(dim=(0, 1, 2))
    spread = both.std(dim=(0, 1, 2), correction=0)
    far = (both - centre) / spread.clamp(min=torch.finfo(torch.double).tiny)
    largest = far[1:].flatten(1).amax(dim=1)
    beaten = (largest[:, None, None, None] >= far[0] - 1e-9).sum(dim=0)
    return (1 + beaten) / (len(null) + 1)
