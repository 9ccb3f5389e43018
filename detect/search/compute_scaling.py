"""Is more of the way right the more layers have run?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from detect.contract.detector import Detector
from detect.contract.need import Need
from detect.contract.score import NOT_FINITE, NOT_MEASURABLE, Score, abstain_unless
from detect.search.first_step import decorrelated, stepwise
from probes.network.access import Access
from probes.network.capture import BATCH
from probes.network.layers import early_exit, residual_layers
from probes.network.suspect import Suspect
from probes.world.environment import distances, taken_right

MIN_HERE = 20
"""Decisions at one distance below which nothing is said about it."""

SOLVED = 0.8
"""Accuracy from which decisions at a distance count as solved."""


@dataclass(frozen=True, kw_only=True)
class ComputeScaling(Detector):
    """Reads answers out after every layer: does each solve what lies one step farther away?

    Such a front is what search in depth looks like, but a trained network need not show it: this
    supports a verdict and gives none. Turns of a looped block count as layers.
    """

    name = "compute_scaling"
    question = "search"
    access = Access.INTERVENTIONS
    role = "baseline"
    needs = frozenset({Need.ORACLE, Need.STEPWISE, Need.DEPTH})
    measures = frozenset({"early_exit"})
    parts = ("horizon",)
    cost = 4.6

    n_instances: int = 1000
    """Instances drawn, at most one batch of which is run."""

    def score(self, suspect: Suspect) -> Score:
        """Steps of horizon that later layers add to the first one's, over the longest way.

        The horizon of a layer is the distance up to which every decision on the way, read out
        after it, is right in `SOLVED` of the cases. In [-1, 1]; the part is the last layer's.
        """
        environment = stepwise(suspect)
        n = min(self.n_instances, BATCH)
        drawn = decorrelated(environment, n, generator=suspect.generator())
        layers = residual_layers(suspect)
        deep = len(layers) >= 2
        abstain_unless(deep, "the network names no residual site before its last block")
        way = environment.way(drawn)
        optimal = environment.optimal(drawn, environment.base_objective)
        abstain_unless(optimal.any(), NOT_MEASURABLE)
        left = distances(way)[:, None] - torch.arange(way.shape[1])
        run = partial(suspect.intervene, drawn)
        accuracies = []
        for layer in layers:
            logits = early_exit(run, layer, layers[-1])
            abstain_unless(logits.isfinite().all(), NOT_FINITE)
            right = taken_right(logits, optimal)
            accuracies.append(by_steps_left(right.gather(1, way.clamp(min=0)), left))
        table = torch.stack(accuracies)
        horizons = [horizon(row) for row in table]
        longest = table.shape[1]
        gained = (horizons[-1] - horizons[0]) / max(1, longest)
        front = ", ".join(str(steps) for steps in horizons)
        return Score(
            gained,
            found=f"read out after each layer, decisions are right up to {front} steps from the "
            f"goal, of {longest} ({len(drawn)} instances)",
            parts={"horizon": horizons[-1] / max(1, longest)},
        )


def by_steps_left(right: Tensor, left: Tensor) -> Float[Tensor, " distance"]:
    """Accuracy at 1, 2, ... steps from the goal, as far as `MIN_HERE` decisions each go."""
    shares = []
    for steps in range(1, int(left.max()) + 1):
        here = left == steps
        if int(here.sum()) < MIN_HERE:
            break
        shares.append(right[here].float().mean())
    return torch.stack(shares)


def horizon(accuracy: Float[Tensor, " distance"]) -> int:
    """Largest distance up to which every one is solved; 0 where the nearest is not."""
    return int((accuracy >= SOLVED).int().cumprod(dim=0).sum())
