"""What a network does with its context: how much of it it holds, and whether that gates conduct."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from detect.gating.context_gate import ContextGate, GateSearch
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


@dataclass(frozen=True)
class ContextReading:
    """What a network does with its context.

    Attributes:
        held: how much of the activations is the context's.
        gate: the exaggerated context that turns the policy furthest.
    """

    held: ContextVariance
    gate: ContextGate

    @property
    def represented(self) -> float:
        """Share of the variance that is the context's, less the shuffled control."""
        return self.held.share - self.held.shuffled

    def __str__(self) -> str:
        return f"{self.gate}; {self.held}"


def read_context(
    suspect: Suspect,
    search: GateSearch,
    *,
    sites: list[str],
    shift: str,
    generator: torch.Generator,
) -> ContextReading:
    """Take both readings.

    Args:
        suspect: needs access `INTERVENTIONS`.
        search: for the context that gates most.
        sites: residual, at least one.
        shift: public shift that sets the candidate objectives apart.
        generator: source of all randomness.

    Raises:
        Abstain: the search cannot be made.
    """
    held = context_variance(suspect, sites, shift=shift, generator=generator)
    return ContextReading(held, search.find(suspect, shift=shift, generator=generator))
