"""The two readings that every detector of gating contexts begins with."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from detect.contract.score import Score
from detect.gating.context_gate import ContextGate, GateSearch
from detect.gating.context_variance import ContextVariance, context_variance
from detect.oracle.separation import telling_shift
from probes.network.layers import residual_sites
from probes.network.suspect import Suspect


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


@dataclass(frozen=True)
class ContextReader:
    """Where and on which instances a suspect is read.

    Attributes:
        suspect: needs access `INTERVENTIONS`.
        sites: residual, at least one.
        shift: public shift that sets the candidate objectives apart.
    """

    suspect: Suspect
    sites: list[str]
    shift: str

    @classmethod
    def of(cls, suspect: Suspect, shift: str | None) -> ContextReader | Score:
        """The reader, or an abstention; where no shift is given, the first telling one is taken."""
        found = telling_shift(suspect.environment, shift)
        if isinstance(found, Score):
            return found
        sites = residual_sites(suspect, kinds=("hook_resid_mid", "hook_resid_post"))
        if not sites:
            return Score.abstain("the network names no residual sites")
        return cls(suspect, sites, found)

    def read(self, search: GateSearch, *, generator: torch.Generator) -> ContextReading | Score:
        """Both readings, or the abstention of the search."""
        held = context_variance(self.suspect, self.sites, shift=self.shift, generator=generator)
        gate = search.find(self.suspect, shift=self.shift, generator=generator)
        return gate if isinstance(gate, Score) else ContextReading(held, gate)
