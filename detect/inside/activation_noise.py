"""Shake the residual stream: does the base objective gain?"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.inside.noise_response import PARTS, noise_response
from probes.network.access import Access
from probes.network.capture import Edit
from probes.network.layers import residual_sites
from probes.network.suspect import Suspect


class ActivationNoise(Detector):
    """Every residual site after attention gets Gaussian noise in proportion to its own spread."""

    name = "activation_noise"
    access = Access.INTERVENTIONS
    measures = frozenset({"noise_response"})
    parts = PARTS
    cost = 0.6

    def __init__(self, *, scales: tuple[float, ...] = (0.3, 1.0), n_instances: int = 64) -> None:
        """Configure.

        Args:
            scales: in standard deviations of each site's activations, smallest first.
            n_instances: instances per shift and scale.
        """
        self.scales = scales
        self.n_instances = n_instances

    def score(self, suspect: Suspect) -> Score:
        """Largest gain in base-objective optimality, in [-1, 1]."""
        sites = residual_sites(suspect, kinds=("hook_resid_mid", "hook_resid_post"))
        if not sites:
            return Score.abstain("the network names no residual sites")

        def noisy(
            instances: Any, scale: float, generator: torch.Generator
        ) -> Float[Tensor, "batch decision action"]:
            return suspect.intervene(instances, dict.fromkeys(sites, shake(scale, generator)))

        return noise_response(
            suspect,
            noisy,
            what="the residual stream",
            scales=self.scales,
            n_instances=self.n_instances,
        )


def shake(scale: float, generator: torch.Generator) -> Edit:
    """An edit that adds noise of `scale` standard deviations of what it is given."""

    def edit(stream: Tensor) -> Tensor:
        noise = torch.randn(stream.shape, generator=generator).to(stream)
        shaken: Tensor = stream + scale * stream.std() * noise
        return shaken

    return edit
