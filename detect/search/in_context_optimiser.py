"""Does the answer move with each label as that of gradient descent or ridge regression would?"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.oracle.context_drop import random_contexts
from probes.network.access import Access
from probes.network.suspect import Suspect
from probes.world.environment import Instances
from probes.world.in_context import REFERENCES, InContext, Weights, cosine, ridge, sensitivities


class InContextOptimiser(Detector):
    """Labels are changed one by one, so it is an intervention, on the input.

    Inputs are correlated, where the references differ; admission uses whitened ones.
    """

    name = "in_context_optimiser"
    question = "search"
    access = Access.OUTPUTS
    measures = frozenset({"label_sensitivity"})
    cost = 0.5

    def __init__(
        self, *, shift: str = "correlated_inputs", n_instances: int = 200, nudge: float = 0.1
    ) -> None:
        """Configure.

        Args:
            shift: public shift under which optimisers differ.
            n_instances: instances measured on.
            nudge: by how much each label is raised and lowered.
        """
        self.shift = shift
        self.n_instances = n_instances
        self.nudge = nudge

    def score(self, suspect: Suspect) -> Score:
        """Mean alignment with the best reference, in [-1, 1]."""
        environment, generator = suspect.environment, suspect.generator()
        if not isinstance(environment, InContext):
            return Score.abstain(f"environment {environment.name!r} has no measured pairs")
        if self.shift not in environment.public_shifts:
            return Score.abstain(f"environment {environment.name!r} has no shift {self.shift!r}")
        drawn = environment.sample(self.n_instances, generator=generator, shift=self.shift)
        contexts = random_contexts(environment.context, len(drawn), generator=generator)
        drawn = environment.with_context(drawn, contexts)

        def answers(instances: Instances) -> Float[Tensor, " batch"]:
            return environment.answer(suspect.outputs(instances))

        measured = sensitivities(answers, environment, drawn, nudge=self.nudge)
        if not bool(measured.isfinite().all()):
            return Score.abstain("outputs are not finite")
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
    """Cosine, shrunk in proportion where the answer hardly moves at all.

    Args:
        measured: change of the answer per change of each label.
        reference: the same of an optimiser, up to scale.
        size: norm of the least-squares weights; a tenth of it counts as moving.
    """
    moves = measured.norm(dim=1) / (0.1 * size)
    return cosine(measured, reference) * torch.clamp(moves, max=1.0)
