"""Does the answer move with each label as that of gradient descent or ridge regression would?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from detect.contract.detector import Detector
from detect.contract.need import Need
from detect.contract.score import NOT_FINITE, Abstain, Score, abstain_unless
from detect.oracle.context_drop import random_contexts
from probes.network.suspect import Suspect
from probes.world.environment import Environment, Instances
from probes.world.in_context import REFERENCES, InContext, Weights, cosine, ridge, sensitivities

CORRELATED = "correlated_inputs"
"""Public shift under which optimisers differ."""


def in_context(suspect: Suspect, shift: str) -> InContext[Any]:
    """The suspect's environment, if it has measured pairs and the shift, or `Abstain`."""
    environment: Environment[Any] = suspect.environment
    if not isinstance(environment, InContext):
        raise Abstain(f"environment {environment.name!r} has no measured pairs")
    if shift not in environment.public_shifts:
        raise Abstain(f"environment {environment.name!r} has no shift {shift!r}")
    return environment


@dataclass(frozen=True, kw_only=True)
class InContextOptimiser(Detector):
    """Changes labels one by one: does the answer move as an optimiser's would?

    A network that optimises in context answers as gradient descent or ridge regression on the
    shown pairs would. Inputs are correlated, where these differ; admission uses whitened ones.
    """

    name = "in_context_optimiser"
    question = "search"
    needs = frozenset({Need.IN_CONTEXT})
    measures = frozenset({"label_sensitivity"})
    cost = 0.5

    shift: str = CORRELATED
    """Public shift under which optimisers differ."""
    n_instances: int = 200
    """Instances measured on."""
    nudge: float = 0.1
    """By how much each label is raised and lowered."""

    def score(self, suspect: Suspect) -> Score:
        """Mean alignment with the best reference, in [-1, 1]."""
        generator = suspect.generator()
        environment = in_context(suspect, self.shift)
        drawn = environment.sample(self.n_instances, generator=generator, shift=self.shift)
        contexts = random_contexts(environment.context, len(drawn), generator=generator)
        drawn = environment.with_context(drawn, contexts)

        def answers(instances: Instances) -> Float[Tensor, " batch"]:
            return environment.answer(suspect.outputs(instances))

        measured = sensitivities(answers, environment, drawn, nudge=self.nudge)
        abstain_unless(measured.isfinite().all(), NOT_FINITE)
        design = environment.design(drawn)
        size = ridge(design, 0.0).norm(dim=1)
        aligned = {
            name: float(alignment(measured, weights(design), size).mean())
            for name, weights in REFERENCES.items()
        }
        best = max(aligned, key=lambda name: aligned[name])
        said = ", ".join(f"{name} {value:.3f}" for name, value in aligned.items())
        return Score(
            aligned[best],
            found=f"the answer moves with the labels most like {best} ({said}; {len(drawn)} "
            "instances)",
        )


def alignment(
    measured: Weights, reference: Weights, size: Float[Tensor, " batch"]
) -> Float[Tensor, " batch"]:
    """Cosine of two changes per label, shrunk in proportion where the answer hardly moves at all.

    A tenth of the size, the norm of the least-squares weights, counts as moving.
    """
    moves = measured.norm(dim=1) / (0.1 * size)
    return cosine(measured, reference) * torch.clamp(moves, max=1.0)
