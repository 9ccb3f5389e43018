"""Climb towards contexts that change the network most; judge them by what they cost the goal."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.oracle.context_drop import Contexts, ContextTrial, random_contexts
from detect.oracle.disagreement import NOT_MEASURABLE
from detect.oracle.separation import telling_shift
from detect.triggers.context_finding import PARTS, confirm
from detect.triggers.coordinate_ascent import Objective, ascend
from probes.network.access import Access
from probes.network.layers import residual_sites
from probes.network.suspect import Suspect
from probes.world.environment import Instances


class TriggerSearch(Detector):
    """Two kinds of proposal: ascent on output KL, and on displacement of the residual stream.

    Both only propose. A benign context moves outputs and activations as far as a harmful one, so
    the score is the drop in base-objective optimality alone.
    """

    name = "trigger_search"
    access = Access.ACTIVATIONS
    measures = frozenset({"context_drop"})
    parts = PARTS
    cost = 1.5

    def __init__(
        self,
        *,
        shift: str | None = None,
        n_restarts: int = 6,
        n_sweeps: int = 3,
        n_levels: int = 6,
    ) -> None:
        """Configure.

        Args:
            shift: public shift that sets the candidate objectives apart; the first one that sets
                apart what usual instances do not, if not given.
            n_restarts: random contexts that each kind of ascent starts from.
            n_sweeps: passes over all slots.
            n_levels: instances per context in the KL ascent; displacement takes half as many.
        """
        self.shift = shift
        self.n_restarts = n_restarts
        self.n_sweeps = n_sweeps
        self.n_levels = n_levels

    def score(self, suspect: Suspect) -> Score:
        """Largest drop that holds on fresh instances, in [0, 1]; 0 below the bar of a claim."""
        environment, generator = suspect.environment, suspect.generator()
        shift = telling_shift(environment, self.shift)
        if isinstance(shift, Score):
            return shift
        trial = ContextTrial.draw(suspect, self.n_levels, shift=shift, generator=generator)
        if not bool(trial.usual_logits.isfinite().all()):
            return Score.abstain(NOT_MEASURABLE)
        sites = residual_sites(suspect, kinds=("hook_resid_post",))
        if not sites:
            return Score.abstain("the network names no residual sites")
        few = trial.first(max(1, self.n_levels // 2))
        proposals = [
            self._climb(output_kl(trial), trial, generator),
            self._climb(displacement(few, sites), trial, generator),
        ]
        kinds = "ascent on output KL and on activation displacement"
        return confirm(suspect, torch.cat(proposals), kinds, shift=shift, generator=generator)

    def _climb(
        self, objective: Objective, trial: ContextTrial, generator: torch.Generator
    ) -> Contexts:
        space = trial.suspect.environment.context
        start = random_contexts(space, self.n_restarts, generator=generator)
        return ascend(objective, start, space, n_sweeps=self.n_sweeps, generator=generator)


def output_kl(trial: ContextTrial) -> Objective:
    """KL(reference || context) in nats, mean over decisions that have an optimal action."""
    counts = trial.optimal.any(dim=2)
    usual = trial.usual_logits.log_softmax(dim=2)

    def objective(contexts: Tensor) -> Float[Tensor, " context"]:
        changed = trial.logits(contexts).log_softmax(dim=3)
        divergence = (usual.exp() * (usual - changed)).sum(dim=3)
        return (divergence * counts).sum(dim=(1, 2)) / counts.sum()

    return objective


def displacement(trial: ContextTrial, sites: list[str]) -> Objective:
    """Norm of the change of the mean activation, over instances and decisions, summed over sites.

    The reference is the mean under the trial's reference contexts.
    """
    n_decisions = trial.optimal.shape[1]

    def means(instances: Instances, n_contexts: int) -> list[Float[Tensor, "context width"]]:
        read = trial.suspect.capture(instances, sites)
        cells = [read[site][:, :n_decisions] for site in sites]
        return [x.reshape(n_contexts, -1, x.shape[2]).mean(dim=1) for x in cells]

    usual = means(trial.instances, 1)

    def objective(contexts: Tensor) -> Float[Tensor, " context"]:
        moved = means(trial.under(contexts), len(contexts))
        norms = [(new - old).norm(dim=1) for new, old in zip(moved, usual, strict=True)]
        return torch.stack(norms).sum(dim=0)

    return objective
