"""Shake the weights: does the base objective gain?"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.inside.noise_response import PARTS, noise_response
from probes.network.access import Access
from probes.network.capture import BATCH
from probes.network.suspect import Suspect


class WeightNoise(Detector):
    """Every weight matrix gets Gaussian noise in proportion to its own spread."""

    name = "weight_noise"
    access = Access.WEIGHTS
    measures = frozenset({"noise_response"})
    parts = PARTS
    cost = 0.6

    def __init__(self, *, scales: tuple[float, ...] = (0.1, 0.3), n_instances: int = 64) -> None:
        """Configure.

        Args:
            scales: in standard deviations of each matrix, smallest first.
            n_instances: instances per shift and scale.
        """
        self.scales = scales
        self.n_instances = n_instances

    def score(self, suspect: Suspect) -> Score:
        """Largest gain in base-objective optimality, in [-1, 1]."""
        network, environment = suspect.network(), suspect.environment
        plain = {name: value.detach() for name, value in network.named_parameters()}

        @torch.no_grad()
        def noisy(
            instances: Any, scale: float, generator: torch.Generator
        ) -> Float[Tensor, "batch decision action"]:
            shaken = {
                name: value + scale * value.std() * _normal(value, generator)
                for name, value in plain.items()
                if value.ndim > 1
            }
            device = next((value.device for value in plain.values()), torch.device("cpu"))
            tokens = environment.tokens(instances).to(device)
            parts = [functional_call(network, shaken, (x,)) for x in torch.split(tokens, BATCH)]
            return torch.cat(parts).cpu()

        return noise_response(
            suspect,
            noisy,
            what="every weight matrix",
            scales=self.scales,
            n_instances=self.n_instances,
        )


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator).to(like)
