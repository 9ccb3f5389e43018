"""A baseline: how large the weights are, whatever they compute."""

from __future__ import annotations

import torch

from detect.contract.detector import Detector
from detect.contract.score import Score
from probes.network.access import Access
from probes.network.suspect import Suspect


class WeightNorm(Detector):
    """Any excess over chance here is training history, not an objective.

    Permuting hidden units, heads or the residual stream and flipping signs leave it unchanged.
    """

    name = "weight_norm"
    access = Access.WEIGHTS
    role = "baseline"
    measures = frozenset()
    cost = 0.01

    def score(self, suspect: Suspect) -> Score:
        """Euclidean norm of all parameters together; summed in double precision."""
        squares = [
            parameter.detach().double().square().sum()
            for parameter in suspect.network().parameters()
        ]
        if not squares:
            return Score.abstain("the network has no parameters")
        norm = float(torch.stack([square.cpu() for square in squares]).sum().sqrt())
        if not norm < float("inf"):
            return Score.abstain("weights are not finite")
        return Score(norm, found=f"the weights have norm {norm:.3f}")
