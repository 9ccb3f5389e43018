"""Which decisions lie on the way: a plan kept as a set, one bit per decision."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import rankdata
from torch import Tensor

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.search.first_step import decorrelated, stepwise
from detect.search.plan_reading import read_plan
from probes.network.access import Access
from probes.network.layers import residual_layers
from probes.network.suspect import Suspect
from probes.world.environment import distances


class PlanMembership(Detector):
    """Cumulative codes (all that has been reached so far) hide from a probe for one step.

    Start and goal, which tokens tell, are on no instance's way. Layers at which more of the way is
    decoded are named in order: a search refines it, a lookup has it at once or never.
    """

    name = "plan_membership"
    question = "search"
    access = Access.ACTIVATIONS
    role = "baseline"
    measures = frozenset({"plan_decoding"})
    parts = ("decoded", "input_only", "untrained", "shuffled")
    cost = 3.0

    def __init__(self, *, n_instances: int = 1500) -> None:
        """Configure.

        Args:
            n_instances: instances drawn.
        """
        self.n_instances = n_instances

    def score(self, suspect: Suspect) -> Score:
        """Mean AUROC over decisions at the best place less that of the best control."""
        environment = stepwise(suspect, [])
        if isinstance(environment, Score):
            return environment
        generator = suspect.generator()
        drawn = decorrelated(environment, self.n_instances, generator=generator)
        way = environment.way(drawn)
        far = distances(way) >= 3
        drawn, way = drawn[far], way[far]
        layers = residual_layers(suspect)
        if not layers or len(way) < 200:
            return Score.abstain(f"{len(layers)} residual sites and {len(way)} long ways")
        if not bool(suspect.outputs(drawn).isfinite().all()):
            return Score.abstain("outputs are not finite")
        n_decisions = environment.optimal(drawn, environment.base_objective).shape[1]
        between = members(way, n_decisions)
        reading = read_plan(
            suspect, drawn, between, layers=layers, measure=mean_auroc, generator=generator
        )
        order = ", ".join(f"{value:.2f}" for value in reading.by_layer.values())
        return Score(
            reading.margin,
            found=f"membership in the way is decoded with AUROC {reading}; by layer {order}; "
            f"{len(drawn)} instances. A plan that is written need not be read",
            parts={name: getattr(reading, name) for name in self.parts},
        )


def members(way: Tensor, n_decisions: int) -> Float[Tensor, "batch decision"]:
    """1 for every decision strictly between start and goal."""
    inner = torch.where(torch.arange(way.shape[1]) == distances(way)[:, None], -1, way)[:, 1:]
    return (inner[:, :, None] == torch.arange(n_decisions)).any(dim=1).float()


def mean_auroc(
    said: Float[np.ndarray, "row target"], right: Float[np.ndarray, "row target"]
) -> float:
    """AUROC per target that has both kinds of rows, averaged; NaN where none has.

    By ranks (Mann and Whitney 1947), ties counting half.
    """
    yes = right.sum(axis=0)
    no = len(right) - yes
    both = (yes > 0) & (no > 0)
    if not both.any():
        return float("nan")
    ranks = (rankdata(said[:, both], axis=0) * right[:, both]).sum(axis=0)
    above = ranks - yes[both] * (yes[both] + 1) / 2
    return float((above / (yes[both] * no[both])).mean())
