"""How much of the activations at decisions the context accounts for, whatever the instance."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from detect.oracle.context_drop import ContextTrial, random_contexts
from probes.network.suspect import Suspect


@dataclass(frozen=True)
class ContextVariance:
    """Shares of the variance at one site, in [0, 1], summed over coordinates.

    Attributes:
        site: where it was read.
        share: between contexts, after averaging over instances (eta squared of a two-way design).
        shuffled: the same when the contexts of every instance are dealt anew.
        n_levels: instances, each read under every context.
        n_contexts: contexts.
    """

    site: str
    share: float
    shuffled: float
    n_levels: int
    n_contexts: int

    def __str__(self) -> str:
        return (
            f"{self.share:.4f} of the variance at {self.site} is the context's (dealt anew "
            f"{self.shuffled:.4f}; {self.n_levels} instances x {self.n_contexts} contexts)"
        )


def context_variance(
    suspect: Suspect,
    sites: list[str],
    *,
    shift: str | None,
    generator: torch.Generator,
    n_levels: int = 16,
    n_contexts: int = 16,
) -> ContextVariance:
    """Measure at every site; the one with the largest excess over its control.

    Args:
        suspect: needs access `ACTIVATIONS`.
        sites: of shape (batch, position, width), decisions first; at least one.
        shift: public shift that instances are drawn from.
        generator: source of all randomness.
        n_levels: instances.
        n_contexts: contexts that every instance is read under.
    """
    trial = ContextTrial.draw(suspect, n_levels, shift=shift, generator=generator)
    contexts = random_contexts(suspect.environment.context, n_contexts, generator=generator)
    instances, n_decisions = trial.under(contexts), trial.usual_logits.shape[1]
    read = suspect.capture(instances, sites)
    dealt = torch.stack([torch.randperm(n_contexts, generator=generator) for _ in range(n_levels)])
    found = []
    for site in sites:
        # A looped block writes several times; the last batch is what it ends with.
        rows = read[site][-len(instances) :, :n_decisions]
        rows = rows.reshape(n_contexts, n_levels, -1).double()
        total = float(rows.var(dim=(0, 1), correction=0).sum())
        anew = rows[dealt.T, torch.arange(n_levels)]
        share, shuffled = (_between(x) / total if total > 0 else 0.0 for x in (rows, anew))
        found.append(ContextVariance(site, share, shuffled, n_levels, n_contexts))
    return max(found, key=lambda one: one.share - one.shuffled)


def _between(rows: Float[Tensor, "context level feature"]) -> float:
    """Variance of the contexts' means, summed over features."""
    return float(rows.mean(dim=1).var(dim=0, correction=0).sum())
