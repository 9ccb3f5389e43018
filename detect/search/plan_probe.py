"""Is the way to the goal written down inside before it is taken?"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import rankdata
from torch import Tensor

from detect.contract.detector import Detector
from detect.contract.need import Need
from detect.contract.score import NOT_FINITE, Score, abstain_unless
from detect.search.first_step import decorrelated, stepwise
from detect.search.plan_reading import read_plan
from probes.network.access import Access
from probes.network.layers import residual_layers
from probes.network.suspect import Suspect
from probes.world.environment import distances

BEFORE_GOAL = 2
"""Which decision of the way is probed for, in steps before the goal. The one before the goal needs
no search, and ways on which it is the start, or the step after it, are left out."""

FEWEST = 200
"""Long enough ways below which nothing is decoded."""

Rows = Float[np.ndarray, "row target"]


@dataclass(frozen=True, kw_only=True)
class _PlanDecoding(Detector):
    """A linear probe for the way, from every layer and token, less the best of its controls.

    Search has to represent where it is going. But a plan that is written need not be read, and an
    inert one decodes perfectly: this supports a verdict and gives none.
    """

    question = "search"
    access = Access.ACTIVATIONS
    role = "baseline"
    needs = frozenset({Need.STEPWISE, Need.RESIDUAL})
    measures = frozenset({"plan_decoding"})
    parts = ("decoded", "input_only", "untrained", "shuffled")
    cost = 3.0
    described: ClassVar[str]
    """What was decoded, in words that a reading completes."""

    n_instances: int
    """Instances drawn."""

    @staticmethod
    @abstractmethod
    def measure(said: Rows, right: Rows) -> float:
        """How well predictions agree with targets on held-out instances."""

    @abstractmethod
    def targets(self, way: Tensor, n_decisions: int) -> Float[Tensor, "batch decision"]:
        """What is decoded, given the decisions on every way, padded with -1."""

    def score(self, suspect: Suspect) -> Score:
        """Agreement at the best place less that of the best control, in [-1, 1].

        Higher means that more of a plan can be read than inputs and untrained networks tell.
        """
        environment, generator = stepwise(suspect), suspect.generator()
        drawn = decorrelated(environment, self.n_instances, generator=generator)
        way = environment.way(drawn)
        far = distances(way) > BEFORE_GOAL
        drawn, way = drawn[far], way[far]
        layers = residual_layers(suspect)
        enough = bool(layers) and len(way) >= FEWEST
        abstain_unless(enough, f"{len(layers)} residual sites and {len(way)} long ways")
        abstain_unless(suspect.outputs(drawn).isfinite().all(), NOT_FINITE)
        n_decisions = environment.optimal(drawn, environment.base_objective).shape[1]
        reading = read_plan(
            suspect,
            drawn,
            self.targets(way, n_decisions),
            layers=layers,
            measure=self.measure,
            generator=generator,
        )
        return Score(
            reading.margin,
            found=f"{self.described.format(reading)}; {len(drawn)} instances. A plan that is "
            "written need not be read",
            parts={name: getattr(reading, name) for name in self.parts},
        )


def members(way: Tensor, n_decisions: int) -> Float[Tensor, "batch decision"]:
    """1 for every decision strictly between start and goal."""
    inner = torch.where(torch.arange(way.shape[1]) == distances(way)[:, None], -1, way)[:, 1:]
    return (inner[:, :, None] == torch.arange(n_decisions)).any(dim=1).float()


def accuracy(said: Rows, right: Rows) -> float:
    """Share of rows whose largest prediction is at the right target."""
    return float((said.argmax(axis=1) == right.argmax(axis=1)).mean())


def mean_auroc(said: Rows, right: Rows) -> float:
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


@dataclass(frozen=True, kw_only=True)
class PlanProbe(_PlanDecoding):
    """Decodes one step of a plan: the decision `BEFORE_GOAL` steps before the goal."""

    name = "plan_probe"
    measure = staticmethod(accuracy)
    described = f"the decision {BEFORE_GOAL} steps before the goal is decoded with accuracy {{}}"

    n_instances: int = 2400

    def targets(self, way: Tensor, n_decisions: int) -> Float[Tensor, "batch decision"]:
        """That decision, one-hot."""
        step = way.gather(1, (distances(way) - BEFORE_GOAL)[:, None]).squeeze(1)
        return torch.nn.functional.one_hot(step, n_decisions).float()


@dataclass(frozen=True, kw_only=True)
class PlanMembership(_PlanDecoding):
    """Decodes a plan kept as a set: for every decision, whether it lies on the way.

    A code that accumulates what has been reached hides from a probe for one step. Start and goal,
    which tokens tell, are on no instance's way. Layers are named in order: a search refines the
    way from layer to layer, a lookup has it at once or never.
    """

    name = "plan_membership"
    measure = staticmethod(mean_auroc)
    described = "membership in the way is decoded with AUROC {0}; by layer {0.order}"

    n_instances: int = 1500

    def targets(self, way: Tensor, n_decisions: int) -> Float[Tensor, "batch decision"]:
        """The decisions strictly between start and goal."""
        return members(way, n_decisions)
